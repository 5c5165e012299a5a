/**
 * A table of any length: only the rows on screen are in the document, and each is used again for
 * another product when it has been scrolled away.
 *
 * The page itself scrolls. Rows lie at fixed heights, so that nothing jumps when numbers change.
 *
 * @module
 */

import { one, onFrame } from "./dom.js";
import { RowView } from "./rowview.js";

/** @typedef {import("./rows.js").Rows} Rows */
/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./types.js").Scale} Scale */

const OVERSCAN = 4;
const TALLEST_PX = 15_000_000; // browsers lay out nothing taller

/**
 * @typedef {object} Setting
 * @property {string} base the path prefix
 * @property {Rows} rows
 * @property {Scale} scale
 * @property {(first: number, end: number) => void} moved other rows are on screen now
 * @property {(row: Row) => void} open a row was chosen
 * @property {(row: Row) => void} pick a row was picked to be compared, or let go
 * @property {(id: string) => boolean} picked whether a product is
 */

/** The rows on screen. */
export class Grid {
  /** @type {RowView[]} */
  #views = [];
  #first = 0;
  #end = 0;
  #top = 0;
  #height = 52;
  #active = -1;
  #draw = onFrame(() => this.#place());
  #stop = new AbortController();

  /**
   * @param {HTMLElement} root with `role=grid`, as the template has it
   * @param {Setting} setting
   */
  constructor(root, setting) {
    this.root = root;
    this.setting = setting;
    this.body = one(root, ".rows");
    this.template = /** @type {HTMLTemplateElement} */ (one(root, "template"));
    const { signal } = this.#stop;
    addEventListener("scroll", this.#draw, { passive: true, signal });
    addEventListener("resize", () => this.#measure(), { passive: true, signal });
    root.addEventListener("keydown", (event) => this.#key(event), { signal });
    root.addEventListener("focus", () => this.#focused(), { signal });
    this.#watch = new ResizeObserver(() => this.#measure());
    this.#watch.observe(document.body);
    this.#adopt();
    this.#measure();
  }

  /** @type {ResizeObserver} */
  #watch;

  dispose() {
    this.#stop.abort();
    this.#draw.cancel();
    this.#watch.disconnect();
  }

  /** The rows on screen, `[first, end)`. */
  get range() {
    return { first: this.#first, end: this.#end };
  }

  /** Other rows, or another number of them. */
  refresh() {
    const { total } = this.setting.rows;
    this.root.setAttribute("aria-rowcount", String(total + 1));
    this.body.style.height = `${Math.min(total * this.#height, TALLEST_PX)}px`;
    this.#place();
  }

  /**
   * Some rows have changed.
   *
   * @param {readonly number[]} indices
   */
  update(indices) {
    for (const index of indices) {
      if (index >= this.#first && index < this.#end) this.#show(index);
    }
  }

  /** To the first row, where the table's beginning has been scrolled away. */
  toTop() {
    const top = this.#top - this.#covered();
    if (scrollY > top) scrollTo({ top });
  }

  /** Other products are picked. */
  showPicks() {
    for (const view of this.#views) view.showPick();
  }

  /** @param {HTMLElement} node */
  #view(node) {
    return new RowView(node, this.setting.base, this.setting.picked);
  }

  /** Rows that came with the page are used as they are. */
  #adopt() {
    for (const node of this.body.querySelectorAll(".row")) {
      this.#views.push(this.#view(/** @type {HTMLElement} */ (node)));
    }
    this.#views.forEach((view, i) => (view.node.id = `row-${i}`));
    this.body.classList.add("placed");
    this.body.addEventListener("click", (event) => this.#clicked(event), {
      signal: this.#stop.signal,
    });
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.root).getPropertyValue("--row-height"));
    const top = Math.round(this.body.getBoundingClientRect().top + scrollY);
    if (height === this.#height && top === this.#top && this.#end) {
      this.#draw();
      return;
    }
    this.#height = height;
    this.#top = top;
    this.#first = this.#end = 0;
    this.refresh();
  }

  /** The height above rows that the sticky heads cover. */
  #covered() {
    return one(this.root, ".heads").getBoundingClientRect().bottom > 0
      ? one(this.root, ".heads").offsetHeight +
          (parseFloat(getComputedStyle(this.root).getPropertyValue("--sticky-top")) || 0)
      : 0;
  }

  #place() {
    const { total } = this.setting.rows;
    const from = Math.floor((scrollY - this.#top) / this.#height) - OVERSCAN;
    const room = Math.ceil(innerHeight / this.#height) + 2 * OVERSCAN;
    const first = Math.max(0, Math.min(from, total - room));
    const end = Math.min(total, first + room);
    this.#pool(room);
    this.#first = first;
    this.#end = end;
    for (let index = first; index < first + this.#views.length; index += 1) this.#show(index);
    this.setting.moved(first, end);
  }

  /** @param {number} room how many rows there must be */
  #pool(room) {
    while (this.#views.length < room) {
      const copy = /** @type {DocumentFragment} */ (this.template.content.cloneNode(true));
      const node = one(copy, ".row");
      node.id = `row-${this.#views.length}`;
      this.body.append(node);
      this.#views.push(this.#view(node));
    }
  }

  /** @param {number} index */
  #show(index) {
    const view = this.#views[index % this.#views.length];
    const inside = index < this.#end;
    view.node.hidden = !inside;
    if (!inside) return;
    if (view.index !== index) {
      view.node.style.top = `${index * this.#height}px`;
      view.node.classList.toggle("active", index === this.#active);
      view.node.classList.toggle("odd", index % 2 === 1);
    }
    view.show(index, this.setting.rows.at(index), this.setting.scale);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const node = event.target instanceof Element ? event.target.closest(".row") : null;
    const view = this.#views.find((each) => each.node === node);
    if (!view) return;
    this.#activate(view.index);
    const row = this.setting.rows.at(view.index);
    if (row && event.target instanceof Element && event.target.closest(".c-pick")) {
      this.setting.pick(row);
      return;
    }
    const link = event.target instanceof Element && event.target.closest("a");
    if (row && !link && !getSelection()?.toString()) this.setting.open(row);
  }

  #focused() {
    const { first, end } = this.range;
    if (this.#active < first || this.#active >= end) {
      this.#activate(Math.min(end - 1, first ? first + OVERSCAN : 0));
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = { Enter: this.setting.open, " ": this.setting.pick }[event.key];
    if (chosen) {
      const row = this.setting.rows.at(this.#active);
      if (row) chosen(row);
      event.preventDefault();
      return;
    }
    const screen = Math.max(1, Math.floor(innerHeight / this.#height) - 3);
    /** @type {Record<string, number>} */
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: screen, PageUp: -screen };
    const { total } = this.setting.rows;
    const to = { Home: 0, End: total - 1 }[event.key] ?? this.#active + by[event.key];
    if (Number.isNaN(to)) return;
    event.preventDefault();
    this.#activate(Math.max(0, Math.min(total - 1, to)));
    this.#reveal(this.#active);
  }

  /** @param {number} index */
  #activate(index) {
    this.#active = index;
    for (const view of this.#views) view.node.classList.toggle("active", view.index === index);
    const view = this.#views[index % this.#views.length];
    if (view) this.root.setAttribute("aria-activedescendant", view.node.id);
  }

  /**
   * Scroll as little as brings a row into view.
   *
   * @param {number} index
   */
  #reveal(index) {
    const top = this.#top + index * this.#height;
    const covered = this.#covered() || this.#height;
    if (top - covered < scrollY) scrollTo({ top: top - covered });
    else if (top + this.#height > scrollY + innerHeight) {
      scrollTo({ top: top + this.#height - innerHeight });
    }
    this.#place();
    this.#activate(index);
  }
}
