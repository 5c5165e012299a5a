/**
 * Small helpers for the document: text goes in as text, and only where it differs.
 *
 * @module
 */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {string | number | Node | null | undefined | false} Child */

/**
 * An element with attributes and children.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes] true: present
 *   without a value; false, null, undefined: left out
 * @param {...Child} children text or nodes
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  fill(node, attributes, children);
  return node;
}

/**
 * The same in SVG.
 *
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, attributes = {}, ...children) {
  const node = /** @type {SVGElementTagNameMap[T]} */ (document.createElementNS(SVG, tag));
  fill(node, attributes, children);
  return node;
}

/**
 * @param {Element} node
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 * @param {Child[]} children
 */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child === false || child === null || child === undefined) continue;
    node.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * The one element that a selector finds.
 *
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 * @throws {Error} there is none: the template and the module do not fit
 */
export function one(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * Set a text, without touching the document where it is the same.
 *
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  const child = node.firstChild;
  if (child instanceof Text && child === node.lastChild) {
    if (child.data !== text) child.data = text;
  } else if (node.textContent !== text) {
    node.textContent = text;
  }
}

/**
 * Set an attribute, without touching the document where it is the same; null removes it.
 *
 * @param {Element} node
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Call a function at most once a frame, with the newest state.
 *
 * @param {() => void} work
 * @returns {{(): void, cancel(): void}}
 */
export function onFrame(work) {
  let frame = 0;
  const ask = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      work();
    });
  };
  return Object.assign(ask, { cancel: () => cancelAnimationFrame(frame) });
}

/**
 * Call a function when no further call has come for a while.
 *
 * @param {() => void} work
 * @param {number} ms
 * @returns {{(): void, cancel(): void}}
 */
export function whenQuiet(work, ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(work, ms);
  };
  return Object.assign(ask, { cancel: () => clearTimeout(timer) });
}
