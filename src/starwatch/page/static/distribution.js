/**
 * How many products have which mean: bars that are buttons, and a table of the same. All bars are
 * one stop of the Tab key, and arrows go from bar to bar.
 *
 * @module
 */

import { element, one, setAttribute, setText } from "./dom.js";
import { count, counted, total } from "./numbers.js";

const BAR_PX = 28; // with its gap: a target to hit must have 24

const GLIDE_MS = 400; // as in the styles

const CLOSE = 0.06; // of the axis: marks so near to an end would touch its mark

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

/**
 * Bins put together, so that each bar is wide enough to be hit.
 *
 * @param {Bins} bins
 * @param {number} by how many make one
 * @returns {Bins}
 */
export function merged(bins, by) {
  const starts = bins.low.map((_, i) => i).filter((i) => i % by === 0);
  const last = bins.low.length - 1;
  return {
    low: starts.map((i) => bins.low[i]),
    high: starts.map((i) => bins.high[Math.min(i + by - 1, last)]),
    count: starts.map((i) => total(bins.count.slice(i, i + by))),
  };
}

/**
 * How many bins make a bar that is wide enough: 1, 2, 4, …
 *
 * @param {number} bins
 * @param {number} width of the chart in pixels
 */
export function mergedBy(bins, width) {
  let by = 1;
  while (by < bins && width / (bins / by) < BAR_PX) by *= 2;
  return by;
}

/**
 * The marks below the bars: both ends of the scale and the whole numbers between them, each with
 * where it is from 0 to 1. Whole numbers that would touch an end are left out.
 *
 * @param {number} lowest
 * @param {number} highest
 * @returns {[number, number][]}
 */
export function axisMarks(lowest, highest) {
  const span = highest - lowest || 1;
  const place = (/** @type {number} */ mark) => (mark - lowest) / span;
  const inside = [];
  for (let mark = Math.ceil(lowest); mark < highest; mark += 1) {
    if (place(mark) > CLOSE && place(mark) < 1 - CLOSE) inside.push(mark);
  }
  return [lowest, ...inside, highest].map((mark) => [mark, place(mark)]);
}

/**
 * Which bar a key leads to.
 *
 * @param {string} key
 * @param {number} at where the focus is
 * @param {number} bars how many there are
 * @returns {number | undefined} undefined: the key is none of those that move
 */
export function barAt(key, at, bars) {
  const last = bars - 1;
  /** @type {Record<string, number>} */
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last };
  return to[key] === undefined ? undefined : Math.min(last, Math.max(0, to[key]));
}

/** The picture of all products. */
export class Distribution {
  /** @type {HTMLButtonElement[]} */
  #bars = [];
  /** @type {HTMLTableRowElement[]} */
  #lines = [];
  #edges = "";
  #width = { of: 0, screen: 0 }; // the chart's, and at which width of the screen
  #changed = -Infinity;
  #stop = -1; // the bar that Tab leads to; -1: the tallest, for no bar had the focus yet

  /**
   * @param {HTMLElement} root as the template has it
   * @param {(bin: {low: number, high: number} | null) => void} chosen a bar was; null: it was let go
   */
  constructor(root, chosen) {
    this.chart = one(root, ".bars-chart");
    this.table = one(root, "tbody");
    this.axis = one(root, ".axis");
    this.chosen = chosen;
    this.chart.addEventListener("keydown", (event) => this.#key(event));
    this.chart.addEventListener("focusin", ({ target }) => {
      this.#stop = this.#bars.findIndex((bar) => bar === target);
      this.#leadTab();
    });
  }

  /**
   * @param {Bins} given
   * @param {number | null} low the chosen bin's lower edge
   */
  show(given, low) {
    const by = mergedBy(given.low.length, this.#across());
    const bins = merged(given, by);
    if (this.#edges !== `${bins.low}`) this.#build(bins);
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
    this.#leadTab(bins.count.indexOf(most));
    this.#calm();
  }

  /** The chart's width: asked for once, for the answer is a layout of the whole page. */
  #across() {
    if (!this.#width.of || this.#width.screen !== innerWidth) {
      this.#width = { of: this.chart.clientWidth, screen: innerWidth };
    }
    return this.#width.of || innerWidth;
  }

  /** Bars glide, but not where they would never come to rest. */
  #calm() {
    const now = performance.now();
    this.chart.classList.toggle("fast", now - this.#changed < GLIDE_MS);
    this.#changed = now;
  }

  /**
   * Let Tab stop at one bar alone.
   *
   * @param {number} [tallest]
   */
  #leadTab(tallest = 0) {
    const stop = Math.max(0, this.#stop < 0 ? tallest : this.#stop);
    this.#bars.forEach((bar, at) => setAttribute(bar, "tabindex", at === stop ? "0" : "-1"));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const to = barAt(event.key, this.#stop, this.#bars.length);
    if (to === undefined) return;
    event.preventDefault();
    this.#bars[to].focus();
  }

  /** @param {Bins} bins */
  #build(bins) {
    const focused = this.chart.contains(document.activeElement);
    this.#edges = `${bins.low}`;
    this.#stop = -1;
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
    if (focused) this.#bars[0]?.focus();
    this.#lines = bins.low.map((_, i) => {
      const line = document.createElement("tr");
      line.append(element("th", { scope: "row" }, binWords(bins, i)), element("td"));
      return line;
    });
    this.table.replaceChildren(...this.#lines);
    const marks = axisMarks(lowest, highest).map(([mark, share]) => {
      const node = element("span", {}, mark);
      node.style.left = `${share * 100}%`;
      return node;
    });
    this.axis.replaceChildren(...marks);
  }
}
