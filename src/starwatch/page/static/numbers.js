/**
 * Numbers as people read them: exact means, counts, ages, durations.
 *
 * Everything here is pure: no clock, no document.
 *
 * @module
 */

/** @typedef {{lowest: number, highest: number, step: number, values: number[]}} Scale */

const COUNT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const MINUS = "\u2212";
const NONE = "\u2013";

/** In place of a rate, while a service works off what had waited for it. */
export const CATCHING_UP = "catching up";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {[number, string][]} */
const UNITS = [
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "min"],
  [SECOND, "s"],
  [1, "ms"],
];

/**
 * The digits behind the point of a scale's values: 0 for 1–5, 1 for 0.5–5.
 *
 * @param {readonly number[]} values
 */
function decimals(values) {
  return Math.max(0, ...values.map((value) => (String(value).split(".")[1] ?? "").length));
}

/**
 * A fraction as decimal text, rounded half to even on the exact value.
 *
 * @param {bigint} numerator
 * @param {bigint} denominator positive
 * @param {number} digits behind the point
 */
export function fraction(numerator, denominator, digits) {
  const negative = numerator < 0n;
  const scaled = (negative ? -numerator : numerator) * 10n ** BigInt(digits);
  let whole = scaled / denominator;
  const twice = (scaled % denominator) * 2n;
  if (twice > denominator || (twice === denominator && whole % 2n === 1n)) whole += 1n;
  const text = whole.toString().padStart(digits + 1, "0");
  const cut = text.length - digits;
  const shown = digits ? `${text.slice(0, cut)}.${text.slice(cut)}` : text;
  return negative && whole !== 0n ? MINUS + shown : shown;
}

/**
 * How many ratings a star histogram holds.
 *
 * @param {readonly number[]} stars one count per step of the scale, lowest first
 */
export function total(stars) {
  return stars.reduce((sum, number) => sum + number, 0);
}

/**
 * The exact mean of a star histogram: integers until the last digit, 33/8 → 4.12.
 *
 * @param {readonly number[]} stars one count per step of the scale, lowest first
 * @param {readonly number[]} values the scale's steps
 * @param {number} [digits] behind the point
 * @returns {string} a dash where there is no rating
 */
export function mean(stars, values, digits = 2) {
  const places = decimals(values);
  const unit = 10 ** places;
  let sum = 0n;
  let ratings = 0n;
  for (let i = 0; i < stars.length; i += 1) {
    if (!stars[i]) continue;
    const many = BigInt(stars[i]);
    sum += many * BigInt(Math.round(values[i] * unit));
    ratings += many;
  }
  return ratings === 0n ? NONE : fraction(sum, ratings * BigInt(unit), digits);
}

/**
 * A change with its sign: `+0.25`, `−0.50`, `0.00`; a dash where there is none.
 *
 * @param {number | null | undefined} value with at most six digits behind the point
 * @param {number} [digits] behind the point
 */
export function change(value, digits = 2) {
  if (value === null || value === undefined) return NONE;
  const text = fraction(BigInt(Math.round(value * 1e6)), 1_000_000n, digits);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/**
 * A whole number with thousands apart: 12,345.
 *
 * @param {number | null | undefined} value
 */
export function count(value) {
  if (value === null || value === undefined) return NONE;
  return Number.isInteger(value) && value >= 0 && value < 1000 ? `${value}` : COUNT.format(value);
}

/**
 * A number and its noun: `1 rating`, `2 ratings`.
 *
 * @param {number} value
 * @param {string} one
 * @param {string} [many]
 */
export function counted(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * How many a second: `0`, `0.4`, `7.2`, `1,204`.
 *
 * @param {number | null | undefined} value
 */
export function rate(value) {
  if (value === null || value === undefined) return NONE;
  return value > 0 && value < 9.95 ? value.toFixed(1) : count(value);
}

/**
 * A length of time in at most two units: `340 ms`, `30 s`, `1 min 30 s`, `2 h`, `3 d 4 h`.
 *
 * @param {number | null | undefined} ms
 */
export function duration(ms) {
  if (ms === null || ms === undefined) return NONE;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  const first = UNITS.findIndex(([size]) => ms >= size);
  const [size, name] = UNITS[first];
  const big = `${count(Math.floor(ms / size))} ${name}`;
  if (size === SECOND) return big;
  const [smaller, smallName] = UNITS[first + 1];
  const rest = Math.floor((ms % size) / smaller);
  return rest ? `${big} ${rest} ${smallName}` : big;
}

/**
 * A length of time in words, for a sentence: `30 seconds`, `1 minute`, `90 seconds`, `2 hours`.
 *
 * @param {number} ms
 */
export function inWords(ms) {
  /** @type {[number, string][]} */
  const units = [
    [DAY, "day"],
    [HOUR, "hour"],
    [MINUTE, "minute"],
    [SECOND, "second"],
  ];
  const fit = units.find(([size]) => ms >= size && ms % size === 0);
  return fit ? counted(ms / fit[0], fit[1]) : `${ms / SECOND} seconds`;
}

/**
 * Windows in words, such that no two of them read the same: `30 s, every 5 s`; `1 d, every 1 h,
 * shifted by 15 min`.
 *
 * @param {{size_ms: number, slide_ms: number, offset_ms?: number}} window
 */
export function windowWords({ size_ms: size, slide_ms: slide, offset_ms: offset = 0 }) {
  const every = slide === size ? "" : `, every ${exactly(slide)}`;
  const shifted = offset ? `, shifted by ${exactly(offset)}` : "";
  return exactly(size) + every + shifted;
}

/**
 * A length of time to the millisecond: `1 h 1 s 500 ms`.
 *
 * @param {number} ms
 */
function exactly(ms) {
  const parts = UNITS.map(([size, name], at) => {
    const many = Math.floor((at ? ms % UNITS[at - 1][0] : ms) / size);
    return many ? `${count(many)} ${name}` : "";
  });
  return parts.filter(Boolean).join(" ");
}

/**
 * How long ago, roughly, as one says it.
 *
 * @param {number | null | undefined} ms
 */
export function ago(ms) {
  if (ms === null || ms === undefined) return "never";
  if (ms < 2 * SECOND) return "just now";
  if (ms < 2 * MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < 2 * HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${count(Math.floor(ms / DAY))} days ago`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

/**
 * A moment on the reader's own clock: the time, and the day where it is not today.
 *
 * @param {number | null | undefined} ms
 * @param {number} now
 */
export function moment(ms, now) {
  if (ms === null || ms === undefined) return NONE;
  const date = DATE.format(ms);
  return date === DATE.format(now) ? CLOCK.format(ms) : `${date}, ${CLOCK.format(ms)}`;
}

/**
 * The time of a moment on the reader's own clock.
 *
 * @param {number | null} ms
 */
export function clock(ms) {
  return ms === null ? NONE : CLOCK.format(ms);
}

/**
 * The day of a moment by the reader's own clock; nothing where there is no moment.
 *
 * @param {number | null} ms
 */
export function day(ms) {
  return ms === null ? "" : DATE.format(ms);
}

/**
 * Bytes: `812 B`, `3.4 kB`, `12 MB`.
 *
 * @param {number | null | undefined} value
 */
export function bytes(value) {
  if (value === null || value === undefined) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power && scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)} ${units[power]}`;
}

/**
 * The shares of a star histogram in whole percent that add up to 100 (largest remainders).
 *
 * @param {readonly number[]} stars
 * @returns {number[]} zeros where there is no rating
 */
export function shares(stars) {
  const all = total(stars);
  if (!all) return stars.map(() => 0);
  const exact = stars.map((number) => (number * 100) / all);
  const whole = exact.map(Math.floor);
  const order = exact.map((_, i) => i).sort((a, b) => exact[b] - whole[b] - (exact[a] - whole[a]));
  const missing = 100 - total(whole);
  for (const i of order.slice(0, missing)) whole[i] += 1;
  return whole;
}

/**
 * A star histogram in words: `5 stars: 8, 4 stars: 1`; the highest first, empty ones left out.
 *
 * @param {readonly number[]} stars
 * @param {readonly number[]} values
 */
export function starsInWords(stars, values) {
  const parts = stars.map((number, i) =>
    number ? `${values[i]} ${values[i] === 1 ? "star" : "stars"}: ${count(number)}` : "",
  );
  return parts.filter(Boolean).reverse().join(", ") || "no ratings";
}
