/**
 * The overview: all products by mean, and the table of them, live.
 *
 * @module
 */

import { Distribution } from "./distribution.js";
import { one, setText, whenQuiet } from "./dom.js";
import { addressOf, filtersOf, paramsOf, sortedBy } from "./filters.js";
import { Grid } from "./grid.js";
import { categoryName, Groups } from "./groups.js";
import { count, counted, duration, inWords } from "./numbers.js";
import { HeldRows } from "./heldrows.js";
import { MOST, Picks, showPicks, tabStorage } from "./picks.js";
import { Rows } from "./rows.js";

/** @typedef {import("./app.js").Page} Page */
/** @typedef {import("./types.js").Products} Products */
/** @typedef {import("./types.js").Overview} OverviewAnswer */

const AROUND = 60; // rows known above and below the screen
const AHEAD = 25; // and never fewer, while one scrolls
const MOST_ROWS = 200; // the stream follows no more at once
const FOLLOW_MS = 250;

/**
 * @param {HTMLElement} main
 * @param {Page} page
 */
export function mount(main, page) {
  const overview = new Overview(main, page);
  return { dispose: () => overview.dispose() };
}

class Overview {
  #rows = new Rows();
  #stop = new AbortController();
  #followed = { offset: 0, limit: 0 };
  /** @type {number | null} */
  #end = null;
  #filling = false;
  /** @type {Set<string>} all categories that were ever found, in that order */
  #categories = new Set();

  /** @type {OverviewAnswer | undefined} */
  #answer;
  #version = 0; // rises when the rows become others
  #held = new HeldRows(this.#rows);
  #pointed = false; // whether a mouse is over a row
  #top = 0; // the first row on screen

  /**
   * @param {HTMLElement} main
   * @param {Page} page
   */
  constructor(main, { url, first, app }) {
    this.main = main;
    this.app = app;
    this.scale = app.status.scale;
    this.filters = filtersOf(url.searchParams);
    this.follow = whenQuiet(() => this.#follow(), FOLLOW_MS);
    this.total = one(main, "[data-total]");
    this.distribution = new Distribution(one(main, ".distribution"), (bin) =>
      this.#filter({ low: bin?.low ?? null, high: bin?.high ?? null }),
    );
    this.groups = new Groups(one(main, ".groups"), (category) => {
      this.#group(false);
      this.#filter({ category });
    });
    if (first.products) this.#rows.put(first.products);
    this.#end = first.products?.end_ms ?? null;
    this.picks = new Picks(tabStorage());
    this.grid = new Grid(one(main, "[role=grid]"), {
      base: app.base,
      rows: this.#rows,
      scale: this.scale,
      moved: (from, to) => this.#moved(from, to),
      open: (row) => void app.go(`product?${new URLSearchParams({ id: row.id })}`),
      pick: (row) => this.#pick(row.id),
      picked: (id) => this.picks.has(id),
    });
    if (first.overview) this.#showOverview(first.overview);
    this.#listen();
    this.#showFilters();
    this.#showTotal();
    this.#showPicks();
    this.#follow();
  }

  dispose() {
    this.#stop.abort();
    this.follow.cancel();
    this.grid.dispose();
    this.app.stream.rest();
  }

  /** What the API is asked for. */
  get #params() {
    return paramsOf(this.filters);
  }

  #listen() {
    const { signal } = this.#stop;
    const search = /** @type {HTMLInputElement} */ (one(this.main, "#search"));
    const later = whenQuiet(() => this.#filter({ q: search.value.trim() }), 150);
    search.addEventListener("input", later, { signal });
    search.form?.addEventListener("submit", (event) => event.preventDefault(), { signal });
    addEventListener(
      "keydown",
      (event) => {
        const typing = event.target instanceof Element && event.target.closest("input, select");
        if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        search.focus();
        search.select();
      },
      { signal },
    );
    for (const button of this.main.querySelectorAll("button[data-sort]")) {
      const column = /** @type {HTMLElement} */ (button).dataset.sort ?? "";
      button.addEventListener("click", () => {
        this.#filter({ sort: sortedBy(this.filters.sort, column) });
        this.app.announce(`Sorted by ${button.textContent?.trim()}`);
      });
    }
    this.#onChange("#sort", (value) => this.#filter({ sort: value }));
    this.#onChange("#window", (value) => this.#filter({ window: Number(value) }));
    this.#onChange("#category", (value) =>
      this.#filter({ category: value === "" ? null : value.slice(1) }),
    );
    one(this.main, "#group").addEventListener("click", () =>
      this.#group(one(this.main, ".groups").hidden),
    );
    const clear = (/** @type {Event} */ event) => {
      event.preventDefault();
      search.value = "";
      this.#filter({ q: "", category: null, low: null, high: null });
      search.focus();
    };
    this.#holdOrder(signal);
    one(this.main, "#picked button").addEventListener("click", () => {
      this.picks.clear();
      this.#showPicks();
      this.grid.root.focus({ preventScroll: true });
    });
    one(this.main, "#clear").addEventListener("click", clear);
    one(this.main, "#show-all").addEventListener("click", clear);
  }

  /**
   * Keep rows where they are while somebody points at them, or is in the table with the keyboard.
   *
   * @param {AbortSignal} signal
   */
  #holdOrder(signal) {
    const { root, body } = this.grid;
    body.addEventListener("pointerenter", (e) => (this.#pointed = e.pointerType === "mouse"), {
      signal,
    });
    body.addEventListener(
      "pointerleave",
      () => {
        this.#pointed = false;
        if (!this.#holds) this.#reorder();
      },
      { signal },
    );
    root.addEventListener(
      "focusout",
      ({ relatedTarget }) => {
        const inside = relatedTarget instanceof Node && root.contains(relatedTarget);
        if (!inside && !this.#pointed) this.#reorder();
      },
      { signal },
    );
    one(this.main, "#reorder button").addEventListener("click", () => this.#reorder());
  }

  get #holds() {
    const { root } = this.grid;
    return (
      this.#pointed ||
      root.matches(":focus-visible") ||
      root.querySelector(":focus-visible") !== null
    );
  }

  /** Put the rows in the order that they have by now. */
  #reorder() {
    if (!this.#held.waiting) return;
    this.#held.apply();
    one(this.main, "#reorder").hidden = true;
    this.grid.refresh();
    this.#showTotal();
  }

  /**
   * Show a whole answer; where its order is another one and the order is held, only its numbers.
   *
   * @param {Products} view
   * @param {boolean} fresh whether something else was asked for
   */
  #take(view, fresh) {
    const { first, end } = this.grid.range;
    const held = !fresh && this.#holds && this.#rows.has(first, end) && this.#held.differs(view);
    one(this.main, "#reorder").hidden = !held;
    if (held) {
      this.#version += 1; // rows that are under way are of the other order
      this.grid.update(this.#held.hold(view));
    } else {
      this.#held.forget();
      if (fresh || view.end_ms !== this.#end) this.#rows.clear();
      this.#put(view);
    }
    this.#end = view.end_ms;
  }

  /**
   * @param {string} selector
   * @param {(value: string) => void} changed
   */
  #onChange(selector, changed) {
    const select = /** @type {HTMLSelectElement | null} */ (this.main.querySelector(selector));
    select?.addEventListener("change", () => changed(select.value));
  }

  /** @param {Partial<import("./filters.js").Filters>} change */
  #filter(change) {
    this.filters = { ...this.filters, ...change };
    this.#version += 1;
    this.app.replace(addressOf(this.filters));
    this.#showFilters();
    this.grid.toTop();
    this.#follow(true);
  }

  #showFilters() {
    const { sort, category, low, high, q } = this.filters;
    for (const button of this.main.querySelectorAll("button[data-sort]")) {
      const here = sort.replace("-", "") === /** @type {HTMLElement} */ (button).dataset.sort;
      const order = sort.startsWith("-") ? "descending" : "ascending";
      button.closest("[role=columnheader]")?.setAttribute("aria-sort", here ? order : "none");
    }
    this.#select("#sort", sort);
    this.#select("#window", String(this.filters.window));
    const chips = [
      q && `“${q}”`,
      category !== null && categoryName(category),
      low !== null && high !== null && `average ${low.toFixed(2)} to ${high.toFixed(2)}`,
    ].filter(Boolean);
    const clear = one(this.main, "#clear");
    clear.hidden = chips.length === 0;
    setText(clear, `Only ${chips.join(", ")} ✕`);
    const window = this.app.status.value.windows[this.filters.window];
    for (const node of this.main.querySelectorAll("[data-window-words]")) {
      if (window) setText(node, inWords(window.size_ms));
    }
    for (const node of this.main.querySelectorAll("[data-window-short]")) {
      if (window) setText(node, duration(window.size_ms));
    }
    if (this.#answer) this.distribution.show(this.#answer.distribution, low);
  }

  /**
   * @param {string} selector
   * @param {string} value
   */
  #select(selector, value) {
    const select = /** @type {HTMLSelectElement | null} */ (this.main.querySelector(selector));
    if (select) select.value = value;
  }

  /** @param {boolean} shown whether categories are, instead of products */
  #group(shown) {
    one(this.main, ".groups").hidden = !shown;
    one(this.main, "[role=grid]").hidden = shown;
    one(this.main, "#group").setAttribute("aria-pressed", String(shown));
    this.grid.refresh();
  }

  /** @param {string} id */
  #pick(id) {
    const room = this.picks.toggle(id);
    const { length } = this.picks.ids;
    const picked = `${counted(length, "product")} picked for Compare`;
    this.app.announce(room ? picked : `No more than ${MOST} products fit`);
    this.#showPicks();
  }

  #showPicks() {
    showPicks(one(this.main, "#picked"), this.picks.ids, this.app.base);
    this.grid.showPicks();
  }

  #showTotal() {
    const { total } = this.#rows;
    const all = this.app.status.value.products;
    const text =
      total === all ? counted(total, "product") : `${count(total)} of ${count(all)} products`;
    if (this.total.textContent !== text) {
      setText(this.total, text);
      if (this.main.dataset.ready !== undefined) this.app.announce(text);
    }
    one(this.main, "#nothing").hidden = total > 0;
    one(this.main, "#no-match").hidden = all === 0;
    one(this.main, "#no-rating").hidden = all > 0;
  }

  /**
   * @param {number} first
   * @param {number} end
   */
  #moved(first, end) {
    if (!this.grid) return; // it is being made
    if (first !== this.#top) this.#reorder(); // rows move anyway
    this.#top = first;
    const { offset, limit } = this.#followed;
    const inside = first >= offset && end <= offset + limit;
    if (!inside) this.follow();
    if (!this.#known(first, end)) void this.#fill();
  }

  /** Rows that are scrolled into view come by themselves, before the stream follows. */
  async #fill() {
    const { first, end } = this.grid.range;
    if (this.#filling || this.#known(first, end)) return;
    this.#filling = true;
    const version = this.#version;
    try {
      const { offset, limit } = around(first, end);
      const answer = await this.app.api.get(
        "products",
        { ...this.#params, offset, limit },
        this.#stop.signal,
      );
      if (version === this.#version) this.#put(answer);
    } catch {
      // The stream shows that the server is away, and everything comes anew with it.
    } finally {
      this.#filling = false;
    }
    const { range } = this.grid;
    const moved = range.first !== first || range.end !== end;
    if (moved && !this.#stop.signal.aborted) void this.#fill();
  }

  /**
   * Whether the rows around some are there.
   *
   * @param {number} first
   * @param {number} end
   */
  #known(first, end) {
    return this.#rows.has(first - AHEAD, end + AHEAD);
  }

  /** @param {boolean} [fromTop] whether the rows are others now */
  #follow(fromTop = false) {
    const { first, end } = fromTop
      ? { first: 0, end: this.grid.range.end - this.grid.range.first }
      : this.grid.range;
    this.#followed = around(first, Math.max(end, first + 20));
    let fresh = fromTop;
    this.app.stream.watch(
      { view: "products", overview: 1, ...this.#params, ...this.#followed },
      {
        full: ({ view, overview }) => {
          this.#take(view, fresh);
          fresh = false;
          if (overview) this.#showOverview(overview);
        },
        delta: (delta) => {
          const rows = this.#held.waiting ? this.#held : this.#rows;
          if (delta.rows) this.grid.update(rows.patch(this.#followed.offset, delta.rows));
          if (typeof delta.total === "number" && delta.total !== this.#rows.total) {
            this.#held.resize(delta.total);
            this.grid.refresh();
            this.#showTotal();
          }
          if (delta.end_ms) this.#end = delta.end_ms;
          if (delta.overview) this.#showOverview(delta.overview);
        },
      },
    );
  }

  /** @param {Products} answer */
  #put(answer) {
    this.#rows.put(answer);
    this.grid.refresh();
    this.#showTotal();
  }

  /** @param {OverviewAnswer} answer */
  #showOverview(answer) {
    this.#answer = answer;
    this.distribution.show(answer.distribution, this.filters.low);
    this.groups.show(answer.categories, this.scale.values);
    this.#showCategories(answer.categories.map((each) => each.category));
  }

  /** @param {string[]} names those of what was found; others that were found before stay */
  #showCategories(names) {
    const select = /** @type {HTMLSelectElement} */ (one(this.main, "#category"));
    const { category } = this.filters;
    for (const name of category === null ? names : [...names, category]) {
      this.#categories.add(name);
    }
    const wanted = [...this.#categories];
    if (!wanted.length) return; // nothing was found; what leads back stays as it is
    const useful = wanted.some(Boolean);
    one(this.main, "#category-box").hidden = !useful;
    one(this.main, "#group").hidden = !useful;
    if (select.options.length !== wanted.length + 1) {
      const all = new Option("All categories", "");
      select.replaceChildren(
        all,
        ...wanted.map((name) => new Option(categoryName(name), `=${name}`)),
      );
    }
    select.value = category === null ? "" : `=${category}`;
  }
}

/**
 * The rows to ask for when some are on screen.
 *
 * @param {number} first
 * @param {number} end
 */
function around(first, end) {
  const offset = Math.max(0, first - AROUND);
  return { offset, limit: Math.min(MOST_ROWS, end + AROUND - offset) };
}
