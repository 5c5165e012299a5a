/**
 * What a chart over time shows: which windows, how far back or from when to when, which values.
 *
 * @module
 */

import { element, one } from "./dom.js";
import { duration } from "./numbers.js";
import { SPANS, spanFor, spanMs, windowChoices, windowFor } from "./spans.js";

/** @typedef {import("./app.js").App} App */

/**
 * @typedef {object} Asked
 * @property {string} window
 * @property {string | null} last how far back; null where from and to are given
 * @property {number | null} from
 * @property {number | null} to
 * @property {string} values
 */

const OTHER = "other";
const SHORTEST_MS = 60_000;
const FEWEST = 4; // windows side by side; a stretch that holds fewer shows nothing of their course

/** The choices above a chart. */
export class Course {
  #stop = new AbortController();

  /**
   * @param {HTMLElement} main
   * @param {App} app
   * @param {URLSearchParams} given
   * @param {() => void} changed
   */
  constructor(main, app, given, changed) {
    this.app = app;
    this.changed = changed;
    this.choices = windowChoices(app.status.value);
    this.windows = /** @type {HTMLSelectElement} */ (one(main, "#window"));
    this.spans = /** @type {HTMLSelectElement} */ (one(main, "#span"));
    this.values = /** @type {HTMLSelectElement | null} */ (main.querySelector("#values"));
    this.live = one(main, "#live");
    const from = number(given.get("from_ms"));
    const window = given.get("window") ?? app.status.value.windows[0]?.label ?? "30s/5s";
    /** @type {Asked} */
    this.asked = {
      window,
      last: from === null ? (given.get("last") ?? spanFor(this.#choice(window))) : null,
      from,
      to: number(given.get("to_ms")),
      values: given.get("values") ?? "complete",
    };
    this.#fill();
    this.#listen();
    this.#show();
  }

  dispose() {
    this.#stop.abort();
  }

  /** @param {string} label */
  #choice(label) {
    return this.choices.find((each) => each.label === label);
  }

  /** The parameters of the API and of the address, without the product. */
  get params() {
    const { window, last, from, to, values } = this.asked;
    return {
      window,
      last: from === null && to === null ? last : null,
      from_ms: from,
      to_ms: to,
      values: values === "complete" ? null : values,
    };
  }

  /**
   * From when to when the chart goes.
   *
   * @param {number} newestMs where the newest window ends
   * @returns {[number, number]}
   */
  stretch(newestMs) {
    const to = this.asked.to ?? newestMs;
    const back = to - (spanMs(this.asked.last) ?? SPANS[1][1]);
    const first = this.app.status.value.first_ms ?? back; // before it there is nothing to see
    const from = this.asked.from ?? Math.max(back, Math.min(first, to - SHORTEST_MS));
    return [from, Math.max(to, from + 1)];
  }

  /**
   * Show one stretch alone.
   *
   * @param {number} from
   * @param {number} to
   */
  zoom(from, to) {
    this.#change({ from, to, last: null });
  }

  #fill() {
    const { window, last } = this.asked;
    if (!this.choices.some((each) => each.label === window)) {
      this.choices.unshift({ label: window, size_ms: 0, slide_ms: 1, words: window });
    }
    this.windows.replaceChildren(
      ...this.choices.map(({ label, words }) => element("option", { value: label }, words)),
    );
    const spans = SPANS.map(([label, ms]) => element("option", { value: label }, duration(ms)));
    if (last && spanMs(last) === null) spans.unshift(element("option", { value: last }, last));
    this.spans.replaceChildren(...spans);
  }

  #listen() {
    const { signal } = this.#stop;
    const on = (/** @type {HTMLElement | null} */ node, /** @type {() => void} */ then) =>
      node?.addEventListener(node instanceof HTMLSelectElement ? "change" : "click", then, {
        signal,
      });
    on(this.windows, () => this.#window(this.windows.value));
    on(this.spans, () => this.#back(this.spans.value));
    on(this.values, () => this.#change({ values: this.values?.value ?? "complete" }));
    on(this.live, () => this.#back(SPANS[1][0]));
    this.live.closest("form")?.addEventListener("submit", (e) => e.preventDefault(), { signal });
  }

  /** @param {string} window */
  #window(window) {
    const { last } = this.asked;
    const choice = this.#choice(window);
    const short = last !== null && (spanMs(last) ?? 0) < FEWEST * (choice?.size_ms ?? 0);
    this.#change(short ? { window, last: spanFor(choice) } : { window });
  }

  /** @param {string} last */
  #back(last) {
    const window = windowFor(this.choices, this.asked.window, spanMs(last) ?? 0);
    this.#change({ last, from: null, to: null, window });
  }

  /** @param {Partial<Asked>} change */
  #change(change) {
    this.asked = { ...this.asked, ...change };
    this.#show();
    this.changed();
  }

  #show() {
    const { window, last, values } = this.asked;
    this.windows.value = window;
    const other = [...this.spans.options].find((option) => option.value === OTHER);
    if (last === null && !other) {
      this.spans.append(element("option", { value: OTHER }, "chosen"));
    } else if (last !== null) {
      other?.remove();
    }
    this.spans.value = last ?? OTHER;
    if (this.values) this.values.value = values;
    this.live.hidden = this.asked.from === null && this.asked.to === null;
  }
}

/** @param {string | null} text */
function number(text) {
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
}

/** The time zone that times are shown in, for people. */
export function zoneWords() {
  return `times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
}
