/**
 * How lines that are compared are told apart: by colour, dash and mark, on the chart and beside it.
 *
 * @module
 */

import { svg } from "./dom.js";
import { color } from "./colours.js";

/** Each line has a colour (Okabe and Ito), a dash and a mark of its own. */
export const LOOKS = [
  { color: "--line-1", dash: [], mark: "circle" },
  { color: "--line-2", dash: [8, 4], mark: "square" },
  { color: "--line-3", dash: [2, 3], mark: "triangle" },
  { color: "--line-4", dash: [12, 4, 2, 4], mark: "diamond" },
  { color: "--line-5", dash: [5, 2], mark: "cross" },
  { color: "--line-6", dash: [1, 5], mark: "ring" },
];

/**
 * What a line looks like, for its row.
 *
 * @param {number} at
 */
export function sample(at) {
  const look = LOOKS[at];
  const picture = svg("svg", { class: `sample line-${at + 1}`, viewBox: "0 0 44 14" });
  picture.append(
    svg("path", { d: "M0 7h44", "stroke-dasharray": look.dash.join(" ") || null }),
    svg("path", { class: "mark", d: shape(look.mark, 22, 7, 4.5) }),
  );
  picture.setAttribute("aria-hidden", "true");
  return picture;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{color: string, mark: string}} look
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
export function drawMark(context, look, x, y, size) {
  context.save();
  context.setLineDash([]);
  context.fillStyle = look.mark === "ring" ? color("--surface") : color(look.color);
  context.strokeStyle = color(look.color);
  context.lineWidth = size / 2;
  const path = new Path2D(shape(look.mark, x, y, size));
  if (look.mark !== "cross") context.fill(path);
  if (look.mark === "ring" || look.mark === "cross") context.stroke(path);
  context.restore();
}

/**
 * The outline of a mark.
 *
 * @param {string} mark
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function shape(mark, x, y, r) {
  /** @type {Record<string, string>} */
  const outlines = {
    square: `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    triangle: `M${x} ${y - r}L${x + r} ${y + r}H${x - r}z`,
    diamond: `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}z`,
    cross: `M${x - r} ${y - r}l${2 * r} ${2 * r}M${x - r} ${y + r}l${2 * r} ${-2 * r}`,
  };
  return outlines[mark] ?? `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
}
