/**
 * What the table shows and in which order, as the address has it.
 *
 * @module
 */

import { query } from "./api.js";

/**
 * @typedef {object} Filters
 * @property {number} window which window of the job
 * @property {string} sort a column, with `-` before it from the largest down
 * @property {string} q
 * @property {string | null} category null: all; empty: products without one
 * @property {number | null} low
 * @property {number | null} high
 */

export const SORT = "-count";

/** Columns that are read from the first letter or the best on: they rise at the first click. */
const RISING = new Set(["name", "id", "category", "rank"]);

/** @param {string | null} text */
function number(text) {
  const value = text ? Number(text) : NaN;
  return Number.isFinite(value) ? value : null;
}

/**
 * Filters as an address has them.
 *
 * @param {URLSearchParams} params
 * @returns {Filters}
 */
export function filtersOf(params) {
  return {
    window: number(params.get("window")) ?? 0,
    sort: params.get("sort") ?? SORT,
    q: params.get("q") ?? "",
    category: params.get("category"),
    low: number(params.get("low")),
    high: number(params.get("high")),
  };
}

/**
 * Filters as parameters of the API; what is by default is left out.
 *
 * @param {Filters} filters
 * @returns {Record<string, string | number | null>}
 */
export function paramsOf(filters) {
  return {
    window: filters.window || null,
    sort: filters.sort === SORT ? null : filters.sort,
    q: filters.q || null,
    category: filters.category,
    low: filters.low,
    high: filters.high,
  };
}

/**
 * The address of the overview with filters.
 *
 * @param {Filters} filters
 */
export function addressOf(filters) {
  const asked = query(paramsOf(filters));
  return asked ? `?${asked}` : "./";
}

/**
 * The order after a click on a column's head.
 *
 * @param {string} sort
 * @param {string} column
 */
export function sortedBy(sort, column) {
  if (sort.replace("-", "") === column) return sort.startsWith("-") ? column : `-${column}`;
  return RISING.has(column) ? column : `-${column}`;
}
