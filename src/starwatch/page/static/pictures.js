/**
 * The two small pictures of a row: stars as steps, and the last windows as a line.
 *
 * @module
 */

import { setAttribute, svg } from "./dom.js";
import { starsInWords, total } from "./numbers.js";

const WIDTH = 100;
const HEIGHT = 20;
const GAP = 1;
const TREND = { width: 116, height: 36, pad: 3 };
const KINDS = 5;

/**
 * Which of the five looks a step of the scale has: 1 the lowest, 5 the highest.
 *
 * @param {number} step
 * @param {number} steps
 */
export function kind(step, steps) {
  return steps < 2 ? KINDS : 1 + Math.round((step * (KINDS - 1)) / (steps - 1));
}

/**
 * Where each step of a star bar lies: its share is its width, its value its height too, so that
 * it can be told without colour.
 *
 * @param {readonly number[]} stars
 * @returns {{x: number, y: number, width: number, height: number}[]}
 */
export function starSteps(stars) {
  const all = total(stars);
  let x = 0;
  return stars.map((number, i) => {
    const share = all ? (number / all) * WIDTH : 0;
    const height = HEIGHT * (0.4 + (0.6 * (i + 1)) / stars.length);
    const place = { x, y: HEIGHT - height, width: Math.max(0, share - GAP), height };
    x += share;
    return place;
  });
}

/**
 * Draw a star bar in its `<svg>`.
 *
 * @param {Element} picture
 * @param {readonly number[]} stars
 * @param {readonly number[]} values the scale's steps
 */
export function drawStars(picture, stars, values) {
  while (picture.childElementCount > stars.length) picture.lastElementChild?.remove();
  while (picture.childElementCount < stars.length) {
    picture.append(
      svg("polygon", { class: `star-${kind(picture.childElementCount, stars.length)}` }),
    );
  }
  // Points of a polygon are no style: changing them costs less than those of a rectangle.
  starSteps(stars).forEach(({ x, y, width }, i) => {
    const right = (x + width).toFixed(2);
    const points = `${x.toFixed(2)},${HEIGHT} ${x.toFixed(2)},${y} ${right},${y} ${right},${HEIGHT}`;
    setAttribute(picture.children[i], "points", points);
  });
  setAttribute(picture, "aria-label", starsInWords(stars, values));
}

/**
 * The path of a trend: a line through the means, broken where there is none.
 *
 * @param {readonly (number | null)[]} means oldest first
 * @param {number} lowest of the scale
 * @param {number} highest
 */
export function trendPath(means, lowest, highest) {
  const { width, height, pad } = TREND;
  const across = (width - 2 * pad) / Math.max(1, means.length - 1);
  const up = (height - 2 * pad) / (highest - lowest || 1);
  let path = "";
  let drawing = false;
  means.forEach((mean, i) => {
    if (mean !== null) {
      const x = (pad + i * across).toFixed(1);
      const y = (height - pad - (mean - lowest) * up).toFixed(1);
      path += `${drawing ? "L" : "M"}${x} ${y}`;
      if (!drawing) path += "h0"; // a point alone is a dot
    }
    drawing = mean !== null;
  });
  return path;
}

/**
 * Draw a trend in its `<svg>`, which holds one path.
 *
 * @param {Element} picture
 * @param {readonly (number | null)[]} means
 * @param {{lowest: number, highest: number}} scale
 */
export function drawTrend(picture, means, scale) {
  const path = picture.firstElementChild;
  if (path) setAttribute(path, "d", trendPath(means, scale.lowest, scale.highest));
}
