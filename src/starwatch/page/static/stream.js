/**
 * The tab's one event stream: what is on screen, as it changes.
 *
 * Events are applied as they come. Paused, they are counted and let go; resumed, the stream is
 * opened anew and the server sends everything in full, so that a long pause holds no memory.
 *
 * @module
 */

import { query } from "./api.js";

/** @typedef {import("./types.js").Status} Status */
/** @typedef {"connecting" | "live" | "lost" | "paused" | "resting"} State */

/**
 * @typedef {object} Listener What a view does with events.
 * @property {(data: any) => void} full everything anew: `data.view` is the API's answer
 * @property {(data: any) => void} delta what has changed
 */

/**
 * @typedef {object} Shell What the shell does with them.
 * @property {(status: Partial<Status>) => void} status parts of the status
 * @property {(state: State, waiting: number) => void} state the connection's state and, paused,
 *   how many changes wait
 * @property {() => Promise<void>} refused called when the server closed the stream: asks why
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const SILENT_MS = 60_000;

/** One event stream, whatever the view that is shown. */
export class Stream {
  /** @type {EventSource | undefined} */
  #source;
  /** @type {string | undefined} */
  #url;
  /** @type {Listener | undefined} */
  #listener;
  /** @type {State} */
  #state = "resting";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #wait = FIRST_WAIT_MS;
  #paused = false;
  #waiting = 0;
  #heard = 0;
  #hadFull = false;

  /**
   * @param {string} base the path prefix
   * @param {Shell} shell
   */
  constructor(base, shell) {
    this.base = base;
    this.shell = shell;
    setInterval(() => this.#watchdog(), 5000);
    addEventListener("online", () => this.#again());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#state === "lost") this.#again();
    });
  }

  /** Whether changes are held back. */
  get paused() {
    return this.#paused;
  }

  /** @type {State} */
  get state() {
    return this.#state;
  }

  /**
   * Follow something else.
   *
   * @param {import("./api.js").Params} params of `/api/v1/stream`
   * @param {Listener} listener
   */
  watch(params, listener) {
    const url = `${this.base}api/v1/stream?${query(params)}`;
    this.#listener = listener;
    if (url === this.#url && this.#source) return;
    this.#url = url;
    this.#open();
  }

  /** Follow nothing. */
  rest() {
    this.#listener = undefined;
    this.#url = undefined;
    this.#close();
    this.#show("resting");
  }

  /** Hold changes back, or let them through again. */
  toggle() {
    this.#paused = !this.#paused;
    this.#waiting = 0;
    if (this.#paused) this.#show("paused");
    else if (this.#url) this.#open();
    else this.#show("resting");
  }

  /** @param {State} [shown] what to show meanwhile */
  #open(shown = "connecting") {
    this.#close();
    if (!this.#url) return;
    this.#hadFull = false;
    this.#heard = Date.now();
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#show(shown);
    source.addEventListener("full", (event) => this.#take(event, true));
    source.addEventListener("delta", (event) => this.#take(event, false));
    source.addEventListener("open", () => {
      this.#wait = FIRST_WAIT_MS;
      this.#heard = Date.now();
    });
    source.addEventListener("error", () => this.#failed(source));
  }

  #close() {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  /**
   * @param {MessageEvent<string>} event
   * @param {boolean} full
   */
  #take(event, full) {
    this.#heard = Date.now();
    const data = JSON.parse(event.data);
    if (this.#paused && this.#hadFull) {
      this.#waiting += changes(data, full);
      this.#show("paused");
      return;
    }
    this.#show(this.#paused ? "paused" : "live");
    if (data.status) this.shell.status(data.status);
    if (full) {
      this.#hadFull = true;
      this.#listener?.full(data);
    } else {
      this.#listener?.delta(data);
    }
  }

  /** @param {EventSource} source */
  #failed(source) {
    if (source !== this.#source) return;
    this.#show("lost");
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    this.#close();
    this.#retry = setTimeout(() => {
      void this.shell.refused().then(() => this.#again());
    }, this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  #again() {
    if (this.#url && this.#state !== "live" && this.#state !== "paused") this.#open();
  }

  /** A connection can die without a word, and a browser does not tell: silence asks anew. */
  #watchdog() {
    if (this.#source && Date.now() - this.#heard > SILENT_MS) this.#open(this.#state);
  }

  /** @param {State} state */
  #show(state) {
    const shown = this.#paused && state !== "lost" ? "paused" : state;
    this.#state = shown;
    this.shell.state(shown, this.#waiting);
  }
}

/**
 * How many changes an event holds: rows, or points; the status alone is none.
 *
 * @param {any} data
 * @param {boolean} full
 * @returns {number}
 */
export function changes(data, full) {
  if (full) return 1;
  if (data.rows?.at) return data.rows.at.length;
  const points = Object.values(data.points ?? {});
  if (points.length) return points.reduce((sum, each) => sum + each.end_ms.length, 0);
  return Object.keys(data).some((key) => key !== "status") ? 1 : 0;
}
