/**
 * Products that are picked in the table, to be compared; they last as long as the tab.
 *
 * @module
 */

import { one, setAttribute, setText } from "./dom.js";

const KEPT = "starwatch-picks";

/** As many as fit on one chart. */
export const MOST = 6;

/** Which products are picked, in the order in which they were. */
export class Picks {
  /** @type {Set<string>} */
  #ids;

  /** @param {Pick<Storage, "getItem" | "setItem">} storage */
  constructor(storage) {
    this.storage = storage;
    this.#ids = new Set(kept(storage));
  }

  /** @type {string[]} */
  get ids() {
    return [...this.#ids];
  }

  /** @param {string} id */
  has(id) {
    return this.#ids.has(id);
  }

  /**
   * Pick a product, or no longer.
   *
   * @param {string} id
   * @returns {boolean} false: there is no room for one more
   */
  toggle(id) {
    if (!this.#ids.delete(id)) {
      if (this.#ids.size >= MOST) return false;
      this.#ids.add(id);
    }
    this.#keep();
    return true;
  }

  /** Pick none. */
  clear() {
    this.#ids.clear();
    this.#keep();
  }

  #keep() {
    try {
      this.storage.setItem(KEPT, JSON.stringify(this.ids));
    } catch {
      // a browser that stores nothing forgets them with the view
    }
  }
}

/** The tab's storage; where the browser gives none, one that keeps nothing. */
export function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem() {} };
  }
}

/** @param {Pick<Storage, "getItem">} storage */
function kept(storage) {
  try {
    const ids = JSON.parse(storage.getItem(KEPT) ?? "[]");
    return Array.isArray(ids) ? ids.filter((id) => typeof id === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/**
 * Say how many are picked, with the way to their chart.
 *
 * @param {HTMLElement} bar as the template has it
 * @param {readonly string[]} ids
 * @param {string} base the path prefix
 */
export function showPicks(bar, ids, base) {
  bar.hidden = !ids.length;
  const link = one(bar, "a");
  setText(link, `Compare ${ids.length}`);
  setAttribute(link, "href", compareAddress(ids, base));
  linkPicks(ids, base);
}

/**
 * Have the head lead to the chart of what is picked.
 *
 * @param {readonly string[]} ids
 * @param {string} base the path prefix
 */
export function linkPicks(ids, base) {
  setAttribute(one(document, "nav [data-view=compare]"), "href", compareAddress(ids, base));
}

/**
 * @param {readonly string[]} ids none: the view chooses
 * @param {string} base
 */
function compareAddress(ids, base) {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  return ids.length ? `${base}compare?${query}` : `${base}compare`;
}
