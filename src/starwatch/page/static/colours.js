/**
 * Colours of the page for what draws by itself, such as a canvas.
 *
 * @module
 */

/** @type {Map<string, CSSStyleDeclaration>} */
const seen = new Map();

/**
 * What a custom property is at this moment, as a plain colour: of the theme that shows, or of paper.
 *
 * The property alone has both themes' colours; it is one only as the colour of an element. So each
 * has one that nobody sees, whose style the browser keeps up to date.
 *
 * @param {string} name
 * @returns {string} `rgb(…)`
 */
export function color(name) {
  let style = seen.get(name);
  if (!style) {
    const node = document.createElement("i");
    node.hidden = true;
    node.style.color = `var(${name})`;
    document.body.append(node);
    style = getComputedStyle(node);
    seen.set(name, style);
  }
  return style.color;
}

/**
 * A colour that lets through what is below.
 *
 * @param {string} name
 * @param {number} alpha
 */
export function faint(name, alpha) {
  return `color-mix(in srgb, ${color(name)} ${Math.round(alpha * 100)}%, transparent)`;
}
