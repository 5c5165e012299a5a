/**
 * What was not counted: rejects as they came, and late ratings, the newest first.
 *
 * Whatever stands in a rating is shown as text.
 *
 * @module
 */

import { element, one, setText } from "./dom.js";
import { count, counted, moment } from "./numbers.js";

/** @typedef {import("./types.js").Refused} Refused */
/** @typedef {import("./types.js").RefusedPage} RefusedPage */
/** @typedef {import("./app.js").App} App */

const PAGE = 100;

/** @type {Record<string, string>} */
const REASONS = {
  unreadable: "cannot be read",
  missing_product: "names no product",
  missing_stars: "has no stars",
  missing_time: "has no time",
  off_scale: "stars that the scale does not have",
  bad_stars: "stars are no number",
  bad_time: "time cannot be read",
  event_time_too_old: "time too long ago",
  event_time_in_future: "time in the future",
  id_too_long: "id too long",
};

/** @param {string} reason */
export function reasonWords(reason) {
  return REASONS[reason] ?? reason.replaceAll("_", " ");
}

/**
 * @param {HTMLElement} main
 * @param {import("./app.js").Page} page
 */
export function mount(main, { first, app }) {
  const rejects = new List(one(main, "[data-kind=rejects]"), "rejects", rejectCells, app);
  const late = new List(one(main, "[data-kind=late]"), "late", lateCells, app);
  const reasons = one(main, ".reasons");
  const showReasons = () => {
    const parts = Object.entries(app.status.value.reasons).filter(([, number]) => number);
    setText(reasons, parts.map(([reason, n]) => `${reasonWords(reason)}: ${count(n)}`).join(" · "));
  };
  const unlisten = app.status.listen(showReasons);
  if (first.rejects) rejects.newest(first.rejects);
  if (first.late) late.newest(first.late);
  showReasons();
  const take = (/** @type {{view?: RefusedPage & {late: RefusedPage}}} */ { view }) => {
    if (!view) return;
    rejects.newest(view);
    late.newest(view.late);
  };
  app.stream.watch({ view: "rejects" }, { full: take, delta: take });
  return {
    dispose() {
      unlisten();
      app.stream.rest();
    },
  };
}

/**
 * @param {Refused} row
 * @returns {HTMLTableCellElement[]}
 */
function rejectCells(row) {
  const text = row.text ?? row.base64 ?? "";
  const raw = element("code", {}, text || "(empty)");
  return [
    element("td", { class: "why" }, reasonWords(row.reason ?? "")),
    element("td", {}, row.source),
    element("td", { class: "place" }, String(row.position)),
    element("td", { class: "raw" }, raw, row.base64 ? " (base64: it is no text)" : null),
  ];
}

/**
 * @param {Refused} row
 * @returns {HTMLTableCellElement[]}
 */
function lateCells(row) {
  const now = Date.now();
  const given = moment(row.event_ms ?? null, now);
  return [
    element(
      "td",
      {},
      element("time", { datetime: iso(row.arrival_ms) }, moment(row.arrival_ms, now)),
    ),
    element("td", {}, given),
    element("td", { class: "raw" }, element("code", {}, row.id ?? "")),
    element("td", { class: "number" }, row.stars ?? ""),
    element("td", {}, row.source),
    element("td", { class: "place" }, String(row.position)),
  ];
}

/** @param {number | null | undefined} ms */
function iso(ms) {
  return ms === null || ms === undefined ? "" : new Date(ms).toISOString();
}

/** A list that grows at its top by itself, and at its end when asked. */
class List {
  /** @type {Map<number, HTMLTableRowElement>} */
  #lines = new Map();

  /**
   * @param {HTMLElement} root as the template has it
   * @param {string} name of the API
   * @param {(row: Refused) => HTMLTableCellElement[]} cells
   * @param {App} app
   */
  constructor(root, name, cells, app) {
    this.body = one(root, "tbody");
    this.body.replaceChildren(); // the first rows, of before there was a script
    this.total = one(root, "[data-total]");
    this.nothing = one(root, ".nothing");
    this.scroller = one(root, ".scroller");
    this.more = one(root, ".more");
    this.name = name;
    this.cells = cells;
    this.app = app;
    this.more.addEventListener("click", () => void this.#older());
  }

  /** @param {RefusedPage} page the newest rows */
  newest(page) {
    const fresh = page.rows.filter((row) => !this.#lines.has(row.number));
    this.body.prepend(...fresh.map((row) => this.#line(row)));
    this.#count(page.total);
  }

  async #older() {
    const before = Math.min(...this.#lines.keys());
    try {
      const page = await this.app.api.get(this.name, { limit: PAGE, before });
      this.body.append(...page.rows.map((/** @type {Refused} */ row) => this.#line(row)));
      this.#count(page.total);
      if (page.rows.length < PAGE) this.more.hidden = true;
    } catch (error) {
      this.app.announce(error instanceof Error ? error.message : "It did not work");
    }
  }

  /** @param {Refused} row */
  #line(row) {
    const line = document.createElement("tr");
    line.append(...this.cells(row));
    this.#lines.set(row.number, line);
    return line;
  }

  /** @param {number} total */
  #count(total) {
    setText(this.total, counted(total, "rating"));
    this.nothing.hidden = total > 0;
    this.scroller.hidden = total === 0;
    this.more.hidden = this.#lines.size >= total;
  }
}
