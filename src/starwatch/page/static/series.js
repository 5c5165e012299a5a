/**
 * The windows of one product over time, as columns: merged by where a window ends, so that nothing
 * is doubled however often it comes, and laid out for a chart with gaps where no ratings came.
 *
 * Everything here is pure.
 *
 * @module
 */

/**
 * @typedef {object} Points Columns of one length, by rising end; `stars` has one column a step.
 * @property {number[]} end_ms
 * @property {number[]} count
 * @property {number[][]} stars
 * @property {(number | null)[]} mean
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 * @property {boolean[]} corrected
 */

/** @typedef {{end_ms: number, count: number, stars: number[], mean: number | null}} Provisional */
/** @typedef {{count: number, stars: number[], mean: number | null}} Histogram */

/**
 * @typedef {object} SeriesAnswer
 * @property {string} id
 * @property {import("./types.js").Window} window
 * @property {string} values
 * @property {number} tier_ms
 * @property {number} step_ms
 * @property {number} from_ms
 * @property {number} to_ms
 * @property {number | null} since_ms
 * @property {Points} points
 * @property {Provisional | null} provisional
 * @property {Histogram} all
 */

const PLAIN = /** @type {const} */ (["end_ms", "count", "mean", "low", "high", "corrected"]);

/**
 * Where a value stands in a rising column, or would stand.
 *
 * @param {readonly number[]} column
 * @param {number} value
 */
export function placeOf(column, value) {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Take points in: a new one gets its place, a known one its new values.
 *
 * @param {Points} points changed in place
 * @param {Points} news
 */
export function merge(points, news) {
  news.end_ms.forEach((end, from) => {
    const at = placeOf(points.end_ms, end);
    const known = points.end_ms[at] === end ? 1 : 0;
    for (const name of PLAIN) {
      /** @type {unknown[]} */ (points[name]).splice(at, known, news[name][from]);
    }
    points.stars.forEach((column, step) => column.splice(at, known, news.stars[step][from]));
  });
}

/**
 * Let go of points that end before a moment, for a chart that moves on.
 *
 * @param {Points} points changed in place
 * @param {number} fromMs
 */
export function trim(points, fromMs) {
  const gone = placeOf(points.end_ms, fromMs);
  if (!gone) return;
  for (const name of PLAIN) points[name].splice(0, gone);
  for (const column of points.stars) column.splice(0, gone);
}

/**
 * The star histogram of one point.
 *
 * @param {Points} points
 * @param {number} at
 */
export function starsAt(points, at) {
  return points.stars.map((column) => column[at]);
}

/**
 * @typedef {object} Laid A series as a chart takes it; columns of one length.
 * @property {number[]} x ends of windows, rising; where windows are missing, places without values
 * @property {number[]} at which point it is; -1 where there is none
 * @property {number[]} fills whose stretch ends or begins there; -1 where there is none: what is
 *   drawn as an area begins a step before the first window
 * @property {(number | null)[]} mean
 * @property {(number | null)[]} low
 * @property {(number | null)[]} high
 * @property {(number | null)[]} count
 */

/**
 * Lay a series out.
 *
 * @param {Points} points
 * @param {number} stepMs the distance of windows that follow each other
 * @returns {Laid}
 */
export function laid(points, stepMs) {
  /** @type {Laid} */
  const out = { x: [], at: [], fills: [], mean: [], low: [], high: [], count: [] };
  const put = (/** @type {number} */ x, /** @type {number} */ at, /** @type {number} */ fills) => {
    out.x.push(x);
    out.at.push(at);
    out.fills.push(fills);
    out.mean.push(at < 0 ? null : points.mean[at]);
    out.low.push(at < 0 ? null : points.low[at]);
    out.high.push(at < 0 ? null : points.high[at]);
    out.count.push(fills < 0 ? null : points.count[fills]);
  };
  points.end_ms.forEach((end, at) => {
    const before = at ? points.end_ms[at - 1] : -Infinity;
    if (end - before > stepMs) {
      if (at) put(before + 1, -1, -1);
      put(end - stepMs, -1, at);
    }
    put(end, at, at);
  });
  return out;
}

/**
 * Shares of stars as they lie on each other, the lowest at the bottom: one column a step, each the
 * share up to and with it.
 *
 * @param {Points} points
 * @param {Laid} on
 * @returns {(number | null)[][]} from 0 to 1
 */
export function stacked(points, on) {
  /** @type {(number | null)[][]} */
  const columns = points.stars.map(() => []);
  for (const at of on.fills) {
    let sum = 0;
    points.stars.forEach((column, step) => {
      if (at < 0 || !points.count[at]) {
        columns[step].push(null);
        return;
      }
      sum += column[at];
      columns[step].push(sum / points.count[at]);
    });
  }
  return columns;
}

/**
 * Several laid series on the union of their places. Where a series has no place it is undefined,
 * which a line goes past; its own gaps stay null.
 *
 * @param {readonly Laid[]} all
 * @returns {{x: number[], at: number[][], mean: (number | null | undefined)[][]}} a column for each series
 */
export function together(all) {
  const x = [...new Set(all.flatMap((each) => each.x))].sort((a, b) => a - b);
  const at = all.map(() => /** @type {number[]} */ ([]));
  const mean = all.map(() => /** @type {(number | null | undefined)[]} */ ([]));
  all.forEach((each, column) => {
    let place = 0;
    for (const moment of x) {
      const here = each.x[place] === moment;
      at[column].push(here ? each.at[place] : -1);
      mean[column].push(here ? each.mean[place] : undefined);
      if (here) place += 1;
    }
  });
  return { x, at, mean };
}

/**
 * Places of values with none on either side: a line cannot show them.
 *
 * @param {readonly (number | null | undefined)[]} column
 */
export function alone(column) {
  const found = [];
  let last = -1; // the place of the last value, if no gap has come since
  let single = false;
  column.forEach((value, at) => {
    if (value === undefined) return;
    if (value === null) {
      if (single) found.push(last);
      last = -1;
      single = false;
      return;
    }
    single = last < 0;
    last = at;
  });
  if (single) found.push(last);
  return found;
}
