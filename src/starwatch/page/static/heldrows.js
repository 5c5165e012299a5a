/**
 * The order of the table held still, while somebody points at a row or is in it with the keyboard.
 *
 * Numbers go on changing in their places. What the server has sorted anew waits, and is put in place
 * when the table is let go.
 *
 * Everything here is pure.
 *
 * @module
 */

import { Rows } from "./rows.js";

/** @typedef {import("./types.js").Products} Products */
/** @typedef {import("./types.js").Columns} Columns */

/** Rows that are shown in one order, while they have another one by now. */
export class HeldRows {
  /** @type {Rows | undefined} */
  #news;

  /** @param {Rows} shown */
  constructor(shown) {
    this.shown = shown;
  }

  /** Whether another order waits. */
  get waiting() {
    return this.#news !== undefined;
  }

  /**
   * Whether an answer has other products, or another order, than what is shown at its places.
   *
   * @param {Products} answer
   */
  differs(answer) {
    return answer.rows.id.some((id, i) => {
      const here = this.shown.at(answer.offset + i);
      return here !== undefined && here.id !== id;
    });
  }

  /**
   * Let an answer wait, and show its numbers where its products stand.
   *
   * @param {Products} answer
   * @returns {number[]} the places that have changed
   */
  hold(answer) {
    this.#news = new Rows();
    this.#news.put(answer);
    return this.#spread(answer.rows.id.map((_, i) => answer.offset + i));
  }

  /**
   * Take changes of what waits.
   *
   * @param {number} offset where the server's rows begin
   * @param {Partial<Columns> & {at: number[]}} changes
   * @returns {number[]} the places that have changed
   */
  patch(offset, changes) {
    return this.#spread(this.#news?.patch(offset, changes) ?? []);
  }

  /** @param {number} total how many rows the table has by now */
  resize(total) {
    (this.#news ?? this.shown).total = total;
  }

  /** Put in place what waited. */
  apply() {
    if (!this.#news) return;
    this.shown.become(this.#news);
    this.#news = undefined;
  }

  /** What waited is outdated: everything comes anew. */
  forget() {
    this.#news = undefined;
  }

  /** @param {number[]} places of what waits */
  #spread(places) {
    const at = new Map(this.shown.entries().map(([index, row]) => [row.id, index]));
    return places.flatMap((place) => {
      const row = this.#news?.at(place);
      const index = row && at.get(row.id);
      if (!row || index === undefined) return [];
      this.shown.set(index, row);
      return [index];
    });
  }
}
