/**
 * Whether numbers still move: a job works on them, it has come to its end, or it was stopped. The
 * server writes the words for it into the page; `page/phase.py` is the same for them.
 *
 * Everything here is pure.
 *
 * @module
 */

/** @typedef {"running" | "finished" | "stopped"} Phase */

/**
 * @param {{running: boolean, finished?: boolean}} status
 * @returns {Phase}
 */
export function phaseOf({ running, finished }) {
  if (running) return "running";
  return finished ? "finished" : "stopped";
}

/**
 * When the newest rating came; of a replay, which has no present, when it was given.
 *
 * @param {{live: boolean, now_ms: number, data_age_ms: number | null, newest_ms: number | null}} status
 * @returns {number | null} null before the first
 */
export function lastMs({ live, now_ms: now, data_age_ms: age, newest_ms: newest }) {
  if (!live) return newest;
  return age === null ? null : now - age;
}
