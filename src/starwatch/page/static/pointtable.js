/**
 * The table behind a chart: a row a window, the newest first; made while it is open, and only what
 * has changed of it.
 *
 * @module
 */

import { element, one } from "./dom.js";

/**
 * @typedef {object} Row
 * @property {number} key which rows are the same, rising with time
 * @property {string} mark what it shows; a row is made anew when this changes
 * @property {() => string[]} cells their texts, the first one heads the row
 */

export class PointTable {
  /** @type {Map<number, {mark: string, row: HTMLTableRowElement}>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} box the `<details>` that holds it
   * @param {() => Row[]} rows asked for while it is open
   * @param {AbortSignal} signal ends it
   */
  constructor(box, rows, signal) {
    this.box = /** @type {HTMLDetailsElement} */ (box);
    this.rows = rows;
    this.body = one(box, "tbody");
    box.addEventListener("toggle", () => this.show(), { signal });
  }

  /** Forget all rows, because their cells are others now. */
  clear() {
    this.#rows.clear();
    this.body.replaceChildren();
  }

  /** Show what there is; nothing while it is closed. */
  show() {
    if (!this.box.open) {
      if (this.#rows.size) this.clear();
      return;
    }
    const wanted = this.rows();
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { row }] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    /** @type {Element | null} */
    let next = null; // the row that comes below
    for (const { key, mark, cells } of wanted) {
      let held = this.#rows.get(key);
      if (held?.mark !== mark) {
        const row = rowOf(cells());
        if (held) held.row.replaceWith(row);
        held = { mark, row };
        this.#rows.set(key, held);
      }
      if (held.row.parentNode !== this.body || held.row.nextElementSibling !== next) {
        this.body.insertBefore(held.row, next);
      }
      next = held.row;
    }
  }
}

/** @param {string[]} cells */
function rowOf([head, ...rest]) {
  const row = element("tr", {}, element("th", { scope: "row" }, head));
  for (const text of rest) row.append(element("td", {}, text));
  return row;
}
