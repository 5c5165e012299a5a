/**
 * One row of the table on screen; another product's when it is scrolled away.
 *
 * @module
 */

import { one, setAttribute, setText } from "./dom.js";
import { change, count, counted, fraction, mean, total } from "./numbers.js";
import { drawStars, drawTrend } from "./pictures.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./types.js").Scale} Scale */

/** @param {number | null | undefined} score */
function scoreText(score) {
  return score === null || score === undefined
    ? "–"
    : fraction(BigInt(Math.round(score * 1e6)), 1_000_000n, 2);
}

/** @param {number | null} value */
function way(value) {
  if (value === null || Math.abs(value) < 0.005) return "same";
  return value > 0 ? "up" : "down";
}

/** A row's element and what it shows. */
export class RowView {
  index = -1;
  /** @type {Row | undefined} */
  #shown;

  /**
   * @param {HTMLElement} node made by the template `row`
   * @param {string} base the path prefix
   * @param {(id: string) => boolean} picked whether a product is picked
   */
  constructor(node, base, picked) {
    this.node = node;
    this.base = base;
    this.picked = picked;
    this.pick = /** @type {HTMLInputElement} */ (one(node, ".c-pick input"));
    this.link = /** @type {HTMLAnchorElement} */ (one(node, ".c-name a"));
    this.detail = one(node, ".c-name .sub");
    this.mean = one(node, ".c-mean");
    this.change = one(node, ".c-change");
    this.count = one(node, ".c-count");
    this.stars = one(node, ".c-stars svg");
    this.trend = one(node, ".c-trend svg");
    this.open = one(node, ".c-open .value");
    this.openCount = one(node, ".c-open .sub");
    this.all = one(node, ".c-all .value");
    this.allCount = one(node, ".c-all .sub");
    this.score = one(node, ".c-score .value");
    this.rank = one(node, ".c-score .sub");
  }

  /**
   * Show a row, or that it is not known yet; what is the same is left alone.
   *
   * @param {number} index its place in the whole table
   * @param {Row | undefined} row
   * @param {Scale} scale
   */
  show(index, row, scale) {
    if (index !== this.index) {
      this.index = index;
      setAttribute(this.node, "aria-rowindex", String(index + 2));
    }
    if (row === this.#shown) return;
    this.node.classList.toggle("unknown", !row);
    if (row) {
      this.#name(row);
      this.#closed(row, scale);
      this.#rest(row, scale);
    }
    this.#shown = row;
  }

  /** Whether it is picked may have changed. */
  showPick() {
    if (this.#shown) this.pick.checked = this.picked(this.#shown.id);
  }

  /** @param {Row} row */
  #name(row) {
    const shown = this.#shown;
    if (shown?.id === row.id && shown.name === row.name && shown.category === row.category) return;
    setText(this.link, row.name || row.id);
    setAttribute(this.pick, "aria-label", `Compare ${row.name || row.id}`);
    this.pick.checked = this.picked(row.id);
    setAttribute(this.link, "href", `${this.base}product?${new URLSearchParams({ id: row.id })}`);
    const detail = [row.name ? row.id : "", row.category].filter(Boolean).join(" · ");
    setText(this.detail, detail);
  }

  /**
   * @param {Row} row
   * @param {Scale} scale
   */
  #closed(row, scale) {
    const shown = this.#shown;
    if (!shown || !same(shown.stars, row.stars)) {
      setText(this.mean, mean(row.stars, scale.values));
      setText(this.count, count(row.count));
      setAttribute(this.count, "data-unit", row.count === 1 ? " rating" : " ratings");
      drawStars(this.stars, row.stars, scale.values);
    }
    if (!shown || shown.change !== row.change) {
      setText(this.change, change(row.change));
      setAttribute(this.change, "data-way", way(row.change));
    }
    if (!shown || !same(shown.trend, row.trend)) drawTrend(this.trend, row.trend, scale);
  }

  /**
   * @param {Row} row
   * @param {Scale} scale
   */
  #rest(row, scale) {
    const shown = this.#shown;
    if (!shown || !same(shown.open_stars, row.open_stars)) {
      setText(this.open, mean(row.open_stars, scale.values));
      setText(this.openCount, row.open_count ? `${count(row.open_count)} so far` : "");
    }
    if (!shown || !same(shown.all_stars, row.all_stars)) {
      setText(this.all, mean(row.all_stars, scale.values));
      setText(this.allCount, total(row.all_stars) ? counted(row.all_count, "rating") : "");
    }
    if (!shown || shown.score !== row.score || shown.rank !== row.rank) {
      setText(this.score, scoreText(row.score));
      setText(this.rank, row.rank ? `rank ${count(row.rank)}` : "");
    }
  }
}

/**
 * @param {readonly (number | null)[]} left
 * @param {readonly (number | null)[]} right
 */
function same(left, right) {
  return left === right || (left.length === right.length && left.every((x, i) => x === right[i]));
}
