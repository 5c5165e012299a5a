/**
 * The pipeline: the way of a rating as a picture with live numbers, and as a table.
 *
 * @module
 */

import { element, one, setAttribute, setText } from "./dom.js";
import { steps } from "./steps.js";

/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./steps.js").Line} Line */

/**
 * @param {HTMLElement} main
 * @param {import("./app.js").Page} page
 */
export function mount(main, { app }) {
  const picture = one(main, ".way");
  const table = one(main, ".way-table tbody");
  table.replaceChildren(); // the first numbers, of before there was a script
  /** @type {Map<string, {card: Card, line: HTMLTableRowElement}>} */
  const shown = new Map();

  const show = (/** @type {import("./types.js").Status} */ status) => {
    for (const step of steps(status)) {
      let parts = shown.get(step.key);
      if (!parts) {
        parts = { card: new Card(app.base, step.key), line: tableLine(step.title) };
        picture.append(parts.card.node);
        table.append(parts.line);
        shown.set(step.key, parts);
      }
      parts.card.show(step);
      showInTable(parts.line, step);
    }
    picture.toggleAttribute("data-flowing", status.running && status.rate !== 0);
  };

  const unlisten = app.status.listen(show);
  show(app.status.value);
  app.stream.watch(
    { view: "pipeline" },
    {
      full: ({ view }) => app.status.merge(view),
      delta: ({ view }) => view && app.status.merge(view),
    },
  );
  return {
    dispose() {
      unlisten();
      app.stream.rest();
    },
  };
}

/** One step of the picture. */
class Card {
  /** @type {HTMLElement[]} */
  #lines = [];

  /**
   * @param {string} base the path prefix
   * @param {string} key
   */
  constructor(base, key) {
    this.base = base;
    this.title = element("h2");
    this.badge = element("span", { class: "badge" });
    this.figure = element("span", { class: "figure" });
    this.unit = element("span", { class: "unit" });
    this.list = element("ul");
    this.node = element(
      "div",
      { class: "step", role: "listitem", "data-step": key },
      element("div", { class: "step-head" }, this.title, this.badge),
      element("p", { class: "amount" }, this.figure, this.unit),
      this.list,
    );
  }

  /** @param {Step} step */
  show(step) {
    setAttribute(this.node, "data-level", step.level);
    setText(this.title, step.title);
    setText(this.badge, step.word);
    setText(this.figure, step.figure);
    setText(this.unit, step.unit);
    while (this.#lines.length > step.lines.length) this.#lines.pop()?.remove();
    step.lines.forEach((line, i) => this.#line(line, i));
  }

  /**
   * @param {Line} line
   * @param {number} i
   */
  #line(line, i) {
    let node = this.#lines[i];
    if (!node) {
      node = element("li");
      this.#lines[i] = node;
      this.list.append(node);
    }
    const kind = line.href ? "A" : "SPAN";
    if (node.firstElementChild?.tagName !== kind) {
      node.replaceChildren(
        line.href ? element("a", { href: this.base + line.href }) : element("span"),
        element("b"),
      );
    }
    setText(node.children[0], line.label);
    setText(node.children[1], line.value);
    setAttribute(node, "data-level", line.level ?? null);
    setAttribute(node, "title", `${line.label} ${line.value}`);
  }
}

/** @param {string} title */
function tableLine(title) {
  const line = document.createElement("tr");
  line.append(element("th", { scope: "row" }, title), element("td"), element("td"));
  return line;
}

/**
 * @param {HTMLTableRowElement} line
 * @param {Step} step
 */
function showInTable(line, step) {
  const lines = step.lines.map(({ label, value }) => (value ? `${label}: ${value}` : label));
  setText(line.cells[1], step.word);
  setText(line.cells[2], [`${step.figure} ${step.unit}`, ...lines].join(" · "));
}
