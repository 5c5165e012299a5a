/**
 * What is said to those who listen to the page instead of seeing it: seldom, and only the newest.
 *
 * @module
 */

const APART_MS = 5000;

/**
 * A polite live region that says at most one thing in five seconds; of several the last.
 *
 * @param {HTMLElement} region an element with `aria-live`
 * @param {number} [apartMs] shortest time between two announcements
 * @returns {(text: string) => void}
 */
export function announcer(region, apartMs = APART_MS) {
  let waiting = "";
  let quietUntil = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const say = () => {
    timer = undefined;
    if (!waiting || waiting === region.textContent) return;
    region.textContent = waiting;
    waiting = "";
    quietUntil = Date.now() + apartMs;
  };
  return (text) => {
    waiting = text;
    timer ??= setTimeout(say, Math.max(0, quietUntil - Date.now()));
  };
}
