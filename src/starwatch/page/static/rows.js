/**
 * The product rows that the page knows: those on screen and some around them.
 *
 * @module
 */

/** @typedef {import("./types.js").Columns} Columns */

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} name
 * @property {string} category
 * @property {number} count
 * @property {number[]} stars
 * @property {number | null} mean
 * @property {number | null} change
 * @property {number} open_count
 * @property {number[]} open_stars
 * @property {(number | null)[]} trend
 * @property {number} all_count
 * @property {number[]} all_stars
 * @property {number | null} score
 * @property {number | null} score_low
 * @property {number | null} score_high
 * @property {number | null} rank
 */

const MOST = 3000;
const NEAR = 500; // rows this far from the newest ones are kept

/**
 * Columns as rows; columns that are not there are left out.
 *
 * @param {Partial<Columns>} columns
 * @param {number} length
 * @returns {Partial<Row>[]}
 */
export function rowsOf(columns, length) {
  const { provisional, ...plain } = columns;
  /** @type {Record<string, any[] | undefined>} */
  const named = {
    ...plain,
    open_count: provisional?.count,
    open_stars: provisional?.stars,
  };
  const present = Object.entries(named).filter(([, column]) => Array.isArray(column));
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(present.map(([name, column]) => [name, column?.[i]])),
  );
}

/** Rows by their place in the whole table. */
export class Rows {
  /** @type {Map<number, Row>} */
  #rows = new Map();

  /** How many rows the whole table has. */
  total = 0;

  /** @param {number} index */
  at(index) {
    return this.#rows.get(index);
  }

  /** All that are known, each with its place. */
  entries() {
    return [...this.#rows];
  }

  /**
   * @param {number} index
   * @param {Row} row
   */
  set(index, row) {
    this.#rows.set(index, row);
  }

  /**
   * Take over the rows of others.
   *
   * @param {Rows} others
   */
  become(others) {
    this.#rows = new Map(others.entries());
    this.total = others.total;
  }

  /** Forget all of them. */
  clear() {
    this.#rows.clear();
  }

  /**
   * Whether each row of `[first, end)` is known.
   *
   * @param {number} first
   * @param {number} end
   */
  has(first, end) {
    for (let i = Math.max(0, first); i < Math.min(end, this.total); i += 1) {
      if (!this.#rows.has(i)) return false;
    }
    return true;
  }

  /**
   * Take an answer of the API.
   *
   * @param {import("./types.js").Products} answer
   */
  put(answer) {
    if (this.#rows.size > MOST) this.#forget(answer.offset);
    this.total = answer.total;
    rowsOf(answer.rows, answer.rows.id.length).forEach((row, i) => {
      this.#rows.set(answer.offset + i, /** @type {Row} */ (row));
    });
  }

  /** @param {number} offset rows far from there are forgotten */
  #forget(offset) {
    for (const index of this.#rows.keys()) {
      if (Math.abs(index - offset) > NEAR) this.#rows.delete(index);
    }
  }

  /**
   * Take the changes of some rows.
   *
   * @param {number} offset where the rows on screen begin
   * @param {Partial<Columns> & {at: number[]}} changes
   * @returns {number[]} the places that have changed
   */
  patch(offset, { at, ...columns }) {
    const parts = rowsOf(columns, at.length);
    /** @type {number[]} */
    const changed = [];
    at.forEach((position, i) => {
      const row = this.#rows.get(offset + position);
      if (!row) return;
      this.#rows.set(offset + position, { ...row, ...parts[i] });
      changed.push(offset + position);
    });
    return changed;
  }
}
