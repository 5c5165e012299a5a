/**
 * How many products have which mean: bars that are buttons, and a table of the same.
 *
 * @module
 */

import { element, one, setAttribute, setText } from "./dom.js";
import { count, counted } from "./numbers.js";

/** @typedef {{low: number[], high: number[], count: number[]}} Bins */

/**
 * What a bin holds, in words.
 *
 * @param {Bins} bins
 * @param {number} i
 */
export function binWords(bins, i) {
  const last = i === bins.low.length - 1;
  return `${bins.low[i].toFixed(2)} to ${last ? "" : "below "}${bins.high[i].toFixed(2)} stars`;
}

/** The picture of all products. */
export class Distribution {
  /** @type {HTMLButtonElement[]} */
  #bars = [];
  /** @type {HTMLTableRowElement[]} */
  #lines = [];

  /**
   * @param {HTMLElement} root as the template has it
   * @param {(bin: {low: number, high: number} | null) => void} chosen a bar was; null: it was let go
   */
  constructor(root, chosen) {
    this.chart = one(root, ".bars-chart");
    this.table = one(root, "tbody");
    this.axis = one(root, ".axis");
    this.chosen = chosen;
  }

  /**
   * @param {Bins} bins
   * @param {number | null} low the chosen bin's lower edge
   */
  show(bins, low) {
    if (this.#bars.length !== bins.low.length) this.#build(bins);
    const most = Math.max(1, ...bins.count);
    bins.count.forEach((number, i) => {
      const bar = this.#bars[i];
      const label = `${counted(number, "product")} from ${binWords(bins, i)}`;
      /** @type {HTMLElement} */ (bar.firstElementChild).style.transform =
        `scaleY(${(number / most).toFixed(4)})`;
      setAttribute(bar, "aria-label", label);
      setAttribute(bar, "title", label);
      setAttribute(bar, "aria-pressed", String(low !== null && low === bins.low[i]));
      setText(this.#lines[i].cells[1], count(number));
    });
  }

  /** @param {Bins} bins */
  #build(bins) {
    const lowest = bins.low[0];
    const highest = bins.high[bins.high.length - 1];
    this.#bars = bins.low.map((low, i) => {
      const bar = element("button", { class: "bar", type: "button" }, element("span"));
      const level = 1 + Math.min(4, Math.floor(((low - lowest) / (highest - lowest || 1)) * 5));
      bar.classList.add(`level-${level}`);
      bar.addEventListener("click", () => {
        const pressed = bar.getAttribute("aria-pressed") === "true";
        this.chosen(pressed ? null : { low, high: bins.high[i] });
      });
      return bar;
    });
    this.chart.replaceChildren(...this.#bars);
    this.#lines = bins.low.map((_, i) => {
      const line = document.createElement("tr");
      line.append(element("th", { scope: "row" }, binWords(bins, i)), element("td"));
      return line;
    });
    this.table.replaceChildren(...this.#lines);
    const marks = bins.low.filter((low) => Number.isInteger(low));
    this.axis.replaceChildren(...[...marks, highest].map((mark) => element("span", {}, mark)));
  }
}
