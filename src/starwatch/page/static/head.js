/**
 * What stands above every view: how fast ratings come, how old they are, whether the books balance,
 * whether the page is live.
 *
 * @module
 */

import { setAttribute, setText } from "./dom.js";
import { ago, CATCHING_UP, clock, count, counted, day, rate } from "./numbers.js";
import { lastMs, phaseOf } from "./phase.js";

/** @typedef {import("./types.js").Status} Status */
/** @typedef {import("./stream.js").State} State */

const WORDS = {
  connecting: "connecting",
  live: "live",
  lost: "reconnecting",
  paused: "paused",
  resting: "at rest",
};

const PHASES = { running: "live", finished: "finished", stopped: "not running" };

/** @type {import("./types.js").Scale} */
const FIVE = { lowest: 1, highest: 5, step: 1, values: [1, 2, 3, 4, 5] };

/** The newest status, and who wants to know of it. */
export class StatusStore {
  /** @type {Set<(status: Status) => void>} */
  #listeners = new Set();
  #toldAt = Date.now();

  /** @param {Status} status */
  constructor(status) {
    this.value = status;
  }

  /** The scale of the stars; one to five before there is a job. */
  get scale() {
    return this.value.scale ?? FIVE;
  }

  /** How old the newest rating is now, by the server's clock; null before the first. */
  get ageMs() {
    const age = this.value.data_age_ms;
    return age === null || age === undefined ? null : age + Date.now() - this.#toldAt;
  }

  /** @param {Partial<Status>} parts */
  merge(parts) {
    if ("data_age_ms" in parts || "now_ms" in parts) this.#toldAt = Date.now();
    this.value = { ...this.value, ...parts };
    for (const listener of this.#listeners) listener(this.value);
  }

  /**
   * @param {(status: Status) => void} listener
   * @returns {() => void} ends it
   */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/**
 * Keep every `[data-figure]` of the document showing the status.
 *
 * @param {StatusStore} store
 * @param {() => boolean} held whether nothing may move: no age grows then
 */
export function followFigures(store, held) {
  const show = () => {
    for (const node of document.querySelectorAll("[data-figure]")) {
      const figure = figures[/** @type {HTMLElement} */ (node).dataset.figure ?? ""];
      if (figure) setText(node, figure(store.value, store));
    }
    showBooks(store.value);
    showTroubles(store.value);
  };
  store.listen(show);
  setInterval(() => held() || show(), 1000);
  return show;
}

/** @type {Record<string, (status: Status, store: StatusStore) => string>} */
const figures = {
  rate: (status) => rate(status.rate),
  catching: (status) => (status.rate === null ? CATCHING_UP : ""),
  active: (status) => count(status.active),
  products: (status) => counted(status.products, "product"),
  age: (_, store) => ago(store.ageMs),
  "last-time": (status) => clock(lastMs(status)),
  "last-day": (status) => day(lastMs(status)),
  received: (status) => count(status.books.received),
  sentence: (status) => status.books.sentence,
};

/** @param {Status} status */
function showBooks(status) {
  for (const node of document.querySelectorAll("[data-books]")) {
    setAttribute(node, "data-books", status.books.balanced ? "balanced" : "broken");
  }
}

/** @param {Status} status */
function showTroubles(status) {
  const node = document.getElementById("troubles");
  if (!node) return;
  const text = status.troubles.join(" · ");
  node.hidden = !text;
  setText(node, text && `Attention: ${text}`);
}

/**
 * How the connection is, and the button that pauses.
 *
 * @param {HTMLElement} light
 * @param {HTMLElement} button
 * @param {(text: string) => void} announce
 * @param {StatusStore} store
 */
export function connectionLight(light, button, announce, store) {
  /** @type {State | ""} */
  let before = "";
  const show = (/** @type {State} */ state, /** @type {number} */ waiting) => {
    const phase = phaseOf(store.value);
    const rests = state === "live" && phase !== "running";
    light.dataset.state = rests ? "finished" : state;
    const word = rests ? PHASES[phase] : WORDS[state];
    setText(light, state === "paused" ? pausedWords(waiting) : word);
  };
  store.listen(() => before === "live" && show(before, 0));
  return (/** @type {State} */ state, /** @type {number} */ waiting) => {
    show(state, waiting);
    setAttribute(button, "aria-pressed", String(state === "paused"));
    setText(button, state === "paused" ? "Resume" : "Pause");
    if (before !== state && (state === "lost" || before === "lost" || state === "paused")) {
      announce(state === "live" ? "Live again" : `The page is ${WORDS[state]}`);
    }
    before = state;
  };
}

/** @param {number} waiting */
export function pausedWords(waiting) {
  return waiting ? `paused, ${counted(waiting, "change")} waiting` : "paused";
}
