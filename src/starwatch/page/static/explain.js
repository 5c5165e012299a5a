/**
 * "What is this?": a short explanation beside each figure, opened by a button.
 *
 * The browser opens and closes what has `popover`; here it is put beside its button.
 *
 * @module
 */

const GAP = 8;

/** Place every explanation that opens from now on. */
export function placeExplanations() {
  document.addEventListener("toggle", place, true);
  addEventListener("scroll", closeAll, { passive: true });
}

/** @param {Event} event */
function place(event) {
  const box = event.target;
  if (!(box instanceof HTMLElement) || !box.matches(".explanation:popover-open")) return;
  const button = document.querySelector(`[popovertarget="${CSS.escape(box.id)}"]`);
  if (!button) return;
  const at = button.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const below = at.bottom + GAP + height < innerHeight || at.top < height + GAP;
  const left = Math.min(Math.max(GAP, at.left - 16), innerWidth - width - GAP);
  box.style.left = `${Math.max(GAP, left)}px`;
  box.style.top = `${below ? at.bottom + GAP : at.top - height - GAP}px`;
}

function closeAll() {
  for (const box of document.querySelectorAll(".explanation:popover-open")) {
    /** @type {HTMLElement} */ (box).hidePopover();
  }
}
