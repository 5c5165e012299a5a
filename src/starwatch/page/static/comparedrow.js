/**
 * One product of the comparison as a row of the table below the chart.
 *
 * @module
 */

import { element } from "./dom.js";
import { sample } from "./marks.js";

/**
 * A row that shows no numbers yet.
 *
 * @param {string} id
 * @param {string} name its id where it has none
 * @param {number} at the place of its line on the chart
 * @param {string} base the path prefix
 */
export function comparedRow(id, name, at, base) {
  const address = `${base}product?${new URLSearchParams({ id })}`;
  const remove = { type: "button", "aria-label": `Remove ${name}` };
  return element(
    "tr",
    { "data-id": id },
    element("td", {}, sample(at)),
    element(
      "th",
      { scope: "row" },
      element("a", { href: address }, name),
      name === id ? null : element("span", { class: "sub" }, ` ${id}`),
    ),
    reading("mean", "At the cursor"),
    reading("count", "Ratings there"),
    reading("all", "All time"),
    element("td", { class: "remove" }, element("button", remove, "Remove")),
  );
}

/**
 * @param {string} what
 * @param {string} label said beside the number where there is no heading above it
 */
function reading(what, label) {
  return element("td", { "data-read": what, "data-label": label }, "–");
}
