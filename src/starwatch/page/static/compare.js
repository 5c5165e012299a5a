/**
 * Up to six products on one chart, live.
 *
 * @module
 */

import { comparedRow } from "./comparedrow.js";
import { Course, zoneWords } from "./course.js";
import { element, one, setText, whenQuiet } from "./dom.js";
import { drawMark, LOOKS } from "./marks.js";
import { count, counted, mean } from "./numbers.js";
import { MOST } from "./picks.js";
import { PointTable } from "./pointtable.js";
import { starRange } from "./productcharts.js";
import { laid, merge, starsAt, together, trim } from "./series.js";
import { stretch } from "./spans.js";
import { moved, TimeChart } from "./timechart.js";

/** @typedef {import("./app.js").Page} Page */
/** @typedef {import("./series.js").SeriesAnswer} SeriesAnswer */

const MARKS_APART = 110; // pixels between two marks on a line
const SAY_MS = 400;
const FIND_MS = 150;
const FIRST = 3; // products that are shown where none was chosen

/**
 * @param {HTMLElement} main
 * @param {Page} page
 */
export function mount(main, page) {
  const compare = new Compare(main, page);
  return { dispose: () => compare.dispose() };
}

class Compare {
  #stop = new AbortController();
  /** @type {SeriesAnswer[]} */
  #series;
  /** @type {string[]} */
  #ids;
  /** @type {Map<string, string>} */
  #names = new Map();
  /** @type {TimeChart | undefined} */
  #chart;
  /** @type {ReturnType<typeof together> | undefined} */
  #on;
  /** @type {number | null} */
  #place = null;
  #byKey = false;

  /**
   * @param {HTMLElement} main
   * @param {Page} page
   */
  constructor(main, { url, first, app }) {
    this.main = main;
    this.app = app;
    this.scale = app.status.scale;
    this.#ids = [...new Set(url.searchParams.getAll("id"))].slice(0, MOST);
    this.#series = first.compare?.series ?? [];
    for (const [id, name] of Object.entries(first.names ?? {})) this.#names.set(id, name || id);
    this.course = new Course(main, app, url.searchParams, () => this.#asked());
    this.say = whenQuiet(() => app.announce(this.#words()), SAY_MS);
    this.find = whenQuiet(() => void this.#find(), FIND_MS);
    this.table = new PointTable(one(main, "#points"), () => this.#rows(), this.#stop.signal);
    this.#listen();
    setText(one(main, "#zone"), zoneWords());
    void this.#begin();
  }

  dispose() {
    this.#stop.abort();
    this.say.cancel();
    this.find.cancel();
    this.course.dispose();
    this.#chart?.dispose();
    this.app.stream.rest();
  }

  /** Where nobody chose, the products with most ratings are a beginning. */
  async #begin() {
    if (!this.#ids.length) {
      const found = await this.app.api
        .get("products", { sort: "-all_count", limit: FIRST }, this.#stop.signal)
        .catch(() => null);
      if (this.#stop.signal.aborted) return;
      this.#remember(found?.rows);
      this.#ids = found?.rows.id ?? [];
    }
    this.#asked();
    void this.#askNames();
  }

  #listen() {
    const { signal } = this.#stop;
    const box = one(this.main, "#charts");
    box.addEventListener("keydown", (event) => this.#key(event), { signal });
    const more = /** @type {HTMLInputElement} */ (one(this.main, "#more"));
    more.addEventListener("input", this.find, { signal });
    one(this.main, "#add").addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        void this.#add(more.value.trim()).then((added) => {
          if (added) more.value = "";
        });
      },
      { signal },
    );
    one(this.main, ".compared tbody").addEventListener(
      "click",
      (event) => {
        const button = event.target instanceof Element ? event.target.closest("button") : null;
        const id = button?.closest("tr")?.dataset.id;
        if (id !== undefined) this.#choose(this.#ids.filter((each) => each !== id));
      },
      { signal },
    );
  }

  async #find() {
    const more = /** @type {HTMLInputElement} */ (one(this.main, "#more"));
    const q = more.value.trim();
    if (!q) return;
    const found = await this.app.api
      .get("products", { q, sort: "-all_count", limit: 8 }, this.#stop.signal)
      .catch(() => null);
    if (!found) return;
    this.#remember(found.rows);
    const options = found.rows.id.map((/** @type {string} */ id, /** @type {number} */ at) =>
      element("option", { value: id }, found.rows.name[at] || id),
    );
    one(this.main, "#found").replaceChildren(...options);
  }

  /**
   * @param {string} text an id, or the beginning of a name
   * @returns {Promise<boolean>} whether there is such a product
   */
  async #add(text) {
    if (!text) return false;
    if (this.#ids.length >= MOST) {
      this.app.announce(`No more than ${MOST} products fit`);
      return false;
    }
    const found = await this.app.api
      .get("products", { q: text, sort: "-all_count", limit: 8 }, this.#stop.signal)
      .catch(() => null);
    this.#remember(found?.rows);
    const ids = found?.rows.id ?? [];
    const id = ids.includes(text) ? text : ids.find((/** @type {string} */ e) => !this.#has(e));
    if (id === undefined || this.#has(id)) {
      this.app.announce(id === undefined ? `No product matches ${text}` : "It is shown already");
      return false;
    }
    this.#choose([...this.#ids, id]);
    return true;
  }

  /** @param {string} id */
  #has(id) {
    return this.#ids.includes(id);
  }

  /** @param {import("./types.js").Columns | undefined} rows */
  #remember(rows) {
    rows?.id.forEach((id, at) => this.#names.set(id, rows.name[at] || id));
  }

  async #askNames() {
    await Promise.all(
      this.#ids
        .filter((id) => !this.#names.has(id))
        .map(async (id) => {
          const { signal } = this.#stop;
          const product = await this.app.api.get("product", { id }, signal).catch(() => null);
          if (product) this.#names.set(id, product.name || id);
        }),
    );
    if (!this.#stop.signal.aborted) this.#showRows();
  }

  /** @param {string[]} ids */
  #choose(ids) {
    this.#ids = ids;
    this.#series = this.#series.filter((each) => ids.includes(each.id));
    this.#asked();
    void this.#askNames();
  }

  #asked() {
    const { params } = this.course;
    const query = new URLSearchParams(this.#ids.map((id) => ["id", id]));
    for (const [name, value] of Object.entries(params)) {
      if (value !== null) query.set(name, String(value));
    }
    this.app.replace(this.#ids.length ? `compare?${query}` : "compare");
    one(this.main, "#nothing").hidden = this.#ids.length > 0;
    this.#makeChart();
    this.#showRows();
    if (!this.#ids.length) {
      this.app.stream.rest();
      return;
    }
    this.#show();
    this.app.stream.watch(
      { view: "compare", id: this.#ids, ...params },
      {
        full: ({ view }) => {
          this.#series = view.series;
          this.#show();
        },
        delta: (delta) => this.#changed(delta),
      },
    );
  }

  /** @param {any} delta */
  #changed({ points, provisional, all }) {
    for (const series of this.#series) {
      const news = points?.[series.id];
      if (news) {
        merge(series.points, news);
        trim(series.points, this.course.stretch(this.#newest)[0]);
      }
      if (provisional && series.id in provisional) series.provisional = provisional[series.id];
      if (all?.[series.id]) series.all = all[series.id];
    }
    this.#show();
  }

  get #newest() {
    const ends = this.#series.map(({ points }) => points.end_ms[points.end_ms.length - 1] ?? 0);
    return Math.max(0, ...ends) || Date.now();
  }

  /** The series in the order of the products that were chosen; some may not be there yet. */
  get #shown() {
    return this.#ids
      .map((id) => this.#series.find((each) => each.id === id))
      .filter((each) => each !== undefined);
  }

  #makeChart() {
    this.#chart?.dispose();
    this.#place = null;
    const { lowest, highest } = this.scale;
    const box = one(this.main, "[data-chart=mean]");
    box.replaceChildren();
    this.#chart = new TimeChart(
      box,
      {
        height: 340,
        lines: this.#ids.map((_, at) => ({ color: LOOKS[at].color, dash: LOOKS[at].dash })),
        range: (low, high) => starRange(low, high, lowest, highest),
        mark: (value) => value.toFixed(1),
        steps: [0.5, 1, 2, 5, 10],
        times: true,
        draw: (chart, context) => this.#drawMarks(chart, context),
      },
      {
        cursor: (place) => this.#pointed(place),
        zoom: (from, to) => this.course.zoom(from, to),
      },
    );
  }

  #show() {
    const shown = this.#shown;
    if (shown.length !== this.#ids.length) return; // the stream brings the rest at once
    this.#on = together(shown.map((each) => laid(each.points, each.step_ms)));
    this.#chart?.show([this.#on.x, ...this.#on.mean], this.course.stretch(this.#newest));
    this.#showReadout();
    this.#showTable();
  }

  /** @param {number | null} place */
  #pointed(place) {
    this.#place = place;
    this.#showReadout();
    if (this.#byKey && place !== null) this.say();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const places = this.#on?.x.length ?? 0;
    const there = (/** @type {number} */ place) => this.#isPoint(place);
    const to = places ? moved(event.key, this.#place, places, event.shiftKey, there) : undefined;
    if (to === undefined) return;
    event.preventDefault();
    this.#byKey = true;
    this.#chart?.point(to);
    this.#byKey = false;
  }

  /** @param {number} place */
  #isPoint(place) {
    return this.#on?.at.some((column) => column[place] >= 0) ?? false;
  }

  /**
   * The point of a series at the cursor, else its newest; -1: none.
   *
   * @param {number} column
   */
  #read(column) {
    const last = this.#shown[column].points.end_ms.length - 1;
    if (this.#place === null || !this.#on) return last;
    return this.#on.at[column][this.#place] ?? -1;
  }

  #showRows() {
    const body = one(this.main, ".compared tbody");
    body.replaceChildren(
      ...this.#ids.map((id, at) => comparedRow(id, this.#names.get(id) ?? id, at, this.app.base)),
    );
    if (this.#shown.length === this.#ids.length) this.#showReadout();
  }

  #showReadout() {
    const { values } = this.scale;
    const rows = this.main.querySelectorAll(".compared tbody tr");
    this.#shown.forEach((series, column) => {
      const at = this.#read(column);
      const put = (/** @type {string} */ name, /** @type {string} */ text) => {
        const cell = rows[column]?.querySelector(`[data-read=${name}]`);
        if (cell) setText(cell, text);
      };
      put("mean", at < 0 ? "–" : mean(starsAt(series.points, at), values));
      put("count", at < 0 ? "–" : count(series.points.count[at]));
      put("all", `${mean(series.all.stars, values)} of ${counted(series.all.count, "rating")}`);
    });
    setText(one(this.main, "#readout-time"), this.#when());
  }

  #when() {
    const window = this.#shown[0]?.window;
    if (!window || !this.#on?.x.length) return "";
    if (this.#place === null) return "The newest window of each; move over the chart to read it";
    return stretch(this.#on.x[this.#place], window.size_ms, Date.now());
  }

  #words() {
    const parts = this.#shown.map((series, column) => {
      const at = this.#read(column);
      const average = at < 0 ? "none" : mean(starsAt(series.points, at), this.scale.values);
      return `${this.#names.get(series.id) ?? series.id} ${average}`;
    });
    return [this.#when(), ...parts].join(", ");
  }

  #showTable() {
    const names = this.#ids.map((id) => this.#names.get(id) ?? id);
    const heads = ["Window", ...names];
    const row = one(this.main, "#points thead tr");
    if (heads.join("\n") !== [...row.children].map((each) => each.textContent).join("\n")) {
      row.replaceChildren(...heads.map((text) => element("th", { scope: "col" }, text)));
      this.table.clear();
    }
    this.table.show();
  }

  /** @returns {import("./pointtable.js").Row[]} */
  #rows() {
    const on = this.#on;
    const shown = this.#shown;
    const window = shown[0]?.window;
    if (!on || !window || on.at.length !== shown.length) return [];
    const now = Date.now();
    const places = on.x.map((_, place) => place).filter((place) => this.#isPoint(place));
    return places.map((place) => ({
      key: on.x[place],
      mark: on.mean.map((column) => column[place]).join(" "),
      cells: () => [
        stretch(on.x[place], window.size_ms, now),
        ...shown.map(({ points }, column) => {
          const at = on.at[column][place];
          return at < 0 ? "–" : mean(starsAt(points, at), this.scale.values);
        }),
      ],
    }));
  }

  /**
   * Marks along the lines, far enough apart to see the line, and on its end.
   *
   * @param {TimeChart} chart
   * @param {CanvasRenderingContext2D} context
   */
  #drawMarks(chart, context) {
    const on = this.#on;
    if (!on || on.mean.length !== this.#ids.length) return;
    const ratio = devicePixelRatio || 1;
    on.mean.forEach((column, at) => {
      let next = Infinity;
      for (let place = column.length - 1; place >= 0; place -= 1) {
        const value = column[place];
        if (value === null || value === undefined) continue;
        const x = chart.place.x(on.x[place]);
        if (x > next) continue;
        next = x - MARKS_APART * ratio;
        const { left, width } = chart.plot.bbox;
        if (x < left || x > left + width) continue;
        drawMark(context, LOOKS[at], x, chart.place.y(value), 4 * ratio);
      }
    });
  }
}
