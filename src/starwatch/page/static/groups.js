/**
 * The table of categories: how each is doing; a click shows its products.
 *
 * @module
 */

import { element, one, setAttribute, setText, svg } from "./dom.js";
import { count, mean } from "./numbers.js";
import { drawStars } from "./pictures.js";

/** @typedef {import("./types.js").Overview["categories"][number]} Category */

/** @param {string} category */
export function categoryName(category) {
  return category || "without a category";
}

/** Categories as rows, kept in place by name. */
export class Groups {
  /** @type {Map<string, HTMLTableRowElement>} */
  #lines = new Map();

  /**
   * @param {HTMLElement} root as the template has it
   * @param {(category: string) => void} chosen
   */
  constructor(root, chosen) {
    this.body = one(root, "tbody");
    this.chosen = chosen;
  }

  /**
   * @param {readonly Category[]} categories
   * @param {readonly number[]} values the scale's steps
   */
  show(categories, values) {
    const names = new Set(categories.map((each) => each.category));
    for (const [name, line] of this.#lines) {
      if (!names.has(name)) {
        line.remove();
        this.#lines.delete(name);
      }
    }
    for (const each of categories) this.#show(each, values);
  }

  /**
   * @param {Category} category
   * @param {readonly number[]} values
   */
  #show(category, values) {
    const line = this.#lines.get(category.category) ?? this.#add(category.category);
    setText(line.cells[1], mean(category.stars, values));
    setText(line.cells[2], count(category.count));
    setText(line.cells[3], count(category.products));
    drawStars(one(line, "svg"), category.stars, values);
  }

  /** @param {string} name */
  #add(name) {
    const button = element("button", { type: "button", class: "link" }, categoryName(name));
    button.addEventListener("click", () => this.chosen(name));
    const bar = svg("svg", {
      class: "star-bar",
      role: "img",
      viewBox: "0 0 100 20",
      preserveAspectRatio: "none",
    });
    const line = document.createElement("tr");
    line.append(
      element("th", { scope: "row" }, button),
      element("td"),
      element("td"),
      element("td"),
      element("td", {}, bar),
    );
    setAttribute(line.cells[1], "class", "strong");
    this.body.append(line);
    this.#lines.set(name, line);
    return line;
  }
}
