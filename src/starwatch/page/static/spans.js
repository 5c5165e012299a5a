/**
 * Which windows and which stretches of time can be chosen for a chart.
 *
 * Everything here is pure.
 *
 * @module
 */

import { windowWords } from "./numbers.js";

/** @typedef {import("./types.js").Status} Status */
/** @typedef {{label: string, size_ms: number, slide_ms: number, words: string}} Choice */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {[string, number, number][]} */
const USUAL = [
  ["1m/5s", MINUTE, 5000],
  ["5m/1m", 5 * MINUTE, MINUTE],
  ["15m/1m", 15 * MINUTE, MINUTE],
  ["1h/5m", HOUR, 5 * MINUTE],
  ["6h/1h", 6 * HOUR, HOUR],
  ["1d/1h", DAY, HOUR],
  ["7d/1d", 7 * DAY, DAY],
  ["30d/1d", 30 * DAY, DAY],
];

/** Stretches to look back over, as the API's `last` takes them. */
export const SPANS = /** @type {const} */ ([
  ["15m", 15 * MINUTE],
  ["1h", HOUR],
  ["6h", 6 * HOUR],
  ["1d", DAY],
  ["7d", 7 * DAY],
  ["30d", 30 * DAY],
  ["365d", 365 * DAY],
]);

const USUAL_POINTS = 720;
const POINTS = 400; // about as many as one can tell apart; fewer windows a screen than that is fine

/**
 * The windows that can be drawn exactly: the job's own first, then the usual ones of which the
 * kept panes are whole parts.
 *
 * @param {Pick<Status, "windows" | "tiers_ms">} status
 * @returns {Choice[]} by rising size
 */
export function windowChoices({ windows, tiers_ms: tiers }) {
  const more = USUAL.filter(([, , slide]) => tiers.some((tier) => slide % tier === 0))
    .map(([label, size_ms, slide_ms]) => ({ label, size_ms, slide_ms }))
    .filter((each) => !windows.some((mine) => mine.size_ms === each.size_ms));
  return [...windows, ...more]
    .sort((a, b) => a.size_ms - b.size_ms)
    .map((each) => ({
      label: each.label,
      size_ms: each.size_ms,
      slide_ms: each.slide_ms,
      words: windowWords(each),
    }));
}

/**
 * The window to show a stretch by: the one that is shown, unless its points would be too close.
 *
 * @param {readonly Choice[]} choices by rising size
 * @param {string} shown the label of the one that is shown
 * @param {number} longMs the stretch
 */
export function windowFor(choices, shown, longMs) {
  const here = choices.find((each) => each.label === shown);
  if (here && longMs / here.slide_ms <= 4 * POINTS && here.size_ms < longMs) return here.label;
  const fit = choices.find((each) => longMs / each.slide_ms <= 4 * POINTS && each.size_ms < longMs);
  return (fit ?? here ?? choices[0])?.label ?? shown;
}

/**
 * The stretch to show windows over, where none was chosen: as many as the API gives by itself.
 *
 * @param {{slide_ms: number} | undefined} window
 * @returns {string} its name
 */
export function spanFor(window) {
  const wanted = USUAL_POINTS * (window?.slide_ms ?? 5000);
  return (SPANS.find(([, ms]) => ms >= wanted) ?? SPANS[SPANS.length - 1])[0];
}

/**
 * How long a stretch is, by its name; null where it is no such name.
 *
 * @param {string | null} name
 */
export function spanMs(name) {
  return SPANS.find(([label]) => label === name)?.[1] ?? null;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SECONDS = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const MIDNIGHT = "00:00";
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/**
 * A moment on an axis whose marks are so far apart.
 *
 * @param {number} ms
 * @param {number} apartMs
 */
export function markOf(ms, apartMs) {
  if (apartMs >= 28 * DAY) return YEAR.format(ms).replace(/^\d+ /, "");
  if (apartMs >= DAY) return DATE.format(ms);
  return (apartMs >= MINUTE ? TIME : SECONDS).format(ms);
}

/**
 * From when to when a window is, in words: `12:03:05 – 12:03:35`, with the date where it is not of
 * today or longer than a day.
 *
 * @param {number} endMs
 * @param {number} sizeMs
 * @param {number} nowMs
 */
export function stretch(endMs, sizeMs, nowMs) {
  const start = endMs - sizeMs;
  const [from, to] = [YEAR.format(start), YEAR.format(endMs)];
  if (sizeMs >= DAY) {
    const [first, last] = [TIME.format(start), TIME.format(endMs)];
    if (first === MIDNIGHT && last === MIDNIGHT) return `${from} – ${to}`;
    return `${from}, ${first} – ${to}, ${last}`;
  }
  const times = [SECONDS.format(start), SECONDS.format(endMs)];
  if (from !== to) return `${from}, ${times[0]} – ${to}, ${times[1]}`;
  const both = times.join(" – ");
  return to === YEAR.format(nowMs) ? both : `${to}, ${both}`;
}
