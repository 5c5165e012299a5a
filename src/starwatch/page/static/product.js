/**
 * One product: its figures, its charts, its stars, live.
 *
 * @module
 */

import { Course, zoneWords } from "./course.js";
import { one, setAttribute, setText, whenQuiet } from "./dom.js";
import { count, counted, duration, mean, starsInWords, total } from "./numbers.js";
import { PointTable } from "./pointtable.js";
import { ProductCharts } from "./productcharts.js";
import { merge, starsAt, trim } from "./series.js";
import { stretch } from "./spans.js";

/** @typedef {import("./app.js").Page} Page */
/** @typedef {import("./series.js").SeriesAnswer} SeriesAnswer */

const SAY_MS = 400;
const STARS_MS = 1500;

/**
 * @param {HTMLElement} main
 * @param {Page} page
 */
export function mount(main, page) {
  const product = new Product(main, page);
  return { dispose: () => product.dispose() };
}

class Product {
  #stop = new AbortController();
  /** @type {SeriesAnswer} */
  #series;
  /** @type {any} */
  #product;
  /** @type {number | null} */
  #at = null;

  /**
   * @param {HTMLElement} main
   * @param {Page} page
   */
  constructor(main, { url, first, app }) {
    this.main = main;
    this.app = app;
    this.scale = app.status.scale;
    this.id = first.product.id;
    this.#product = first.product;
    this.#series = first.series;
    this.course = new Course(main, app, url.searchParams, () => this.#asked());
    this.charts = new ProductCharts(one(main, "#charts"), this.scale, {
      cursor: (at, byKey) => this.#pointed(at, byKey),
      zoom: (from, to) => this.course.zoom(from, to),
    });
    this.say = whenQuiet(() => app.announce(this.#words()), SAY_MS);
    this.askStars = whenQuiet(() => void this.#askStars(), STARS_MS);
    this.table = new PointTable(one(main, "#points"), () => this.#rows(), this.#stop.signal);
    setText(one(main, "#zone"), zoneWords());
    this.#show();
    void this.#askStars();
    this.#follow();
  }

  dispose() {
    this.#stop.abort();
    this.say.cancel();
    this.askStars.cancel();
    this.course.dispose();
    this.charts.dispose();
    this.app.stream.rest();
  }

  /** What is asked for has changed. */
  #asked() {
    const { params } = this.course;
    const given = Object.entries({ id: this.id, ...params }).filter(([, value]) => value !== null);
    const pairs = given.map(([name, value]) => [name, String(value)]);
    const query = new URLSearchParams(pairs);
    this.app.replace(`product?${query}`);
    one(this.main, "#csv").setAttribute("href", `${this.app.base}api/v1/series.csv?${query}`);
    this.#follow();
  }

  #follow() {
    this.app.stream.watch(
      { view: "product", id: this.id, ...this.course.params },
      {
        full: ({ view }) => {
          this.#series = view.series[0];
          this.#product = view.product ?? this.#product;
          this.#show();
          this.askStars();
        },
        delta: (delta) => this.#changed(delta),
      },
    );
  }

  /** @param {any} delta */
  #changed({ points, provisional, all, product }) {
    const series = this.#series;
    if (points?.[this.id]) {
      merge(series.points, points[this.id]);
      const ends = series.points.end_ms;
      trim(series.points, this.course.stretch(ends[ends.length - 1] ?? 0)[0]);
      this.askStars();
    }
    if (provisional && this.id in provisional) series.provisional = provisional[this.id];
    if (all?.[this.id]) series.all = all[this.id];
    if (product) this.#product = product;
    this.#show();
  }

  #show() {
    const { points, provisional } = this.#series;
    const newest = points.end_ms[points.end_ms.length - 1] ?? provisional?.end_ms ?? Date.now();
    const now = this.app.status.value.watermark_ms;
    const end = now === null ? newest : Math.max(newest, this.#floor(now));
    this.charts.show(this.#series, this.course.stretch(end));
    this.#showFigures();
    this.#showReadout();
    this.#showStars("all", this.#product.all_stars);
    this.table.show();
  }

  /**
   * Where the newest window that has closed ends.
   *
   * @param {number} watermark
   */
  #floor(watermark) {
    const { slide_ms: slide, offset_ms: offset } = this.#series.window;
    return Math.floor((watermark - offset) / slide) * slide + offset;
  }

  #showFigures() {
    const { values } = this.scale;
    const product = this.#product;
    const now = product.now[0];
    const put = (/** @type {string} */ field, /** @type {string} */ text) => {
      const node = this.main.querySelector(`[data-field=${field}]`);
      if (node) setText(node, text);
    };
    if (now) {
      put("now-mean", mean(now.stars, values));
      put("now-words", `${counted(now.count, "rating")} in ${duration(now.size_ms)}`);
      const open = total(now.open_stars);
      put("open-mean", mean(now.open_stars, values));
      put("open-words", open ? `${count(open)} so far` : "nothing yet");
    }
    put("all-mean", mean(product.all_stars, values));
    put("all-words", counted(product.all_count, "rating"));
    if (product.score !== null) {
      const [low, high] = [product.score_low, product.score_high];
      put("score", product.score.toFixed(2));
      put("score-words", `likely ${low.toFixed(2)} to ${high.toFixed(2)}`);
    }
    const products = count(this.app.status.value.products);
    if (product.rank) put("rank", `rank ${count(product.rank)} of ${products}`);
  }

  /**
   * @param {number | null} at
   * @param {boolean} byKey
   */
  #pointed(at, byKey) {
    this.#at = at;
    this.#showReadout();
    if (byKey && at !== null) this.say();
  }

  /** Which point is read: the one under the cursor, else the newest. */
  get #read() {
    const last = this.#series.points.end_ms.length - 1;
    return this.#at === null || this.#at > last ? last : this.#at;
  }

  #showReadout() {
    const { points, window } = this.#series;
    const at = this.#read;
    const put = (/** @type {string} */ name, /** @type {string} */ text) =>
      setText(one(this.main, `[data-read=${name}]`), text);
    const none = at < 0;
    put("time", none ? "–" : stretch(points.end_ms[at], window.size_ms, Date.now()));
    put("mean", none ? "–" : mean(starsAt(points, at), this.scale.values));
    put("band", none ? "–" : bandWords(points.low[at], points.high[at]));
    put("count", none ? "–" : count(points.count[at]));
    put("stars", none ? "–" : starsInWords(starsAt(points, at), this.scale.values));
  }

  #words() {
    const { points, window } = this.#series;
    const at = this.#read;
    if (at < 0) return "no ratings";
    const average = mean(starsAt(points, at), this.scale.values);
    const when = stretch(points.end_ms[at], window.size_ms, Date.now());
    return `${when}: average ${average} of ${counted(points.count[at], "rating")}`;
  }

  /** @returns {import("./pointtable.js").Row[]} */
  #rows() {
    const { points, window } = this.#series;
    const now = Date.now();
    return points.end_ms.map((end, at) => ({
      key: end,
      mark: `${points.count[at]} ${points.mean[at]} ${points.low[at]} ${points.corrected[at]}`,
      cells: () => [
        stretch(end, window.size_ms, now),
        mean(starsAt(points, at), this.scale.values),
        bandWords(points.low[at], points.high[at]),
        count(points.count[at]),
        starsAt(points, at).map(count).join(" · "),
        points.corrected[at] ? "yes" : "no",
      ],
    }));
  }

  async #askStars() {
    const { points, window } = this.#series;
    const ends = points.end_ms;
    if (!ends.length) {
      this.#showStars(
        "span",
        points.stars.map(() => 0),
      );
      return;
    }
    const span = { from_ms: ends[0] - window.size_ms, to_ms: ends[ends.length - 1] };
    try {
      const { signal } = this.#stop;
      const { stars } = await this.app.api.get("stars", { id: this.id, ...span }, signal);
      this.#showStars("span", stars);
    } catch {
      // what is shown stays; the next change asks again
    }
  }

  /**
   * @param {"all" | "span"} which
   * @param {number[]} stars
   */
  #showStars(which, stars) {
    const all = total(stars);
    stars.forEach((number, step) => {
      const label = this.main.querySelector(`[data-step="${step}"] [data-share=${which}]`);
      if (!label) return;
      const share = all ? (100 * number) / all : 0;
      setText(label, `${count(number)} (${share.toFixed(share && share < 1 ? 1 : 0)} %)`);
      const bar = label.previousElementSibling?.firstElementChild;
      if (bar) setAttribute(bar, "width", share.toFixed(2));
    });
  }
}

/**
 * @param {number | null} low
 * @param {number | null} high
 */
function bandWords(low, high) {
  return low === null || high === null ? "–" : `${low.toFixed(2)} to ${high.toFixed(2)}`;
}
