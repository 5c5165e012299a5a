/**
 * Light or dark: as the system has it, until somebody chooses otherwise. `early.js` takes the stored
 * choice before anything is drawn.
 *
 * @module
 */

const KEY = "starwatch-theme";
const ORDER = ["auto", "light", "dark"];

/** @param {string} theme */
function store(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts until the page is left.
  }
}

/** What draws with colours of its own, such as a canvas, hears of it and draws anew. */
function tell() {
  document.dispatchEvent(new CustomEvent("themechange"));
}

/**
 * Let a button go through the choices.
 *
 * @param {HTMLElement} button
 */
export function themeSwitch(button) {
  const root = document.documentElement;
  let theme = root.dataset.theme ?? "auto";
  const show = () => {
    button.dataset.choice = theme;
    button.title = `Colours: ${theme === "auto" ? "as the system has them" : theme}`;
    button.setAttribute("aria-label", `${button.title}. Change`);
  };
  show();
  button.addEventListener("click", () => {
    theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    store(theme);
    show();
    tell();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
}
