/**
 * The page's beginning: head, stream and router, and the module of the view that is shown.
 *
 * @module
 */

import { announcer } from "./announce.js";
import { Api } from "./api.js";
import { one } from "./dom.js";
import { placeExplanations } from "./explain.js";
import { connectionLight, followFigures, StatusStore } from "./head.js";
import { phaseOf } from "./phase.js";
import { linkPicks, Picks, tabStorage } from "./picks.js";
import { firstOf, Router } from "./router.js";
import { Stream } from "./stream.js";
import { themeSwitch } from "./theme.js";

/**
 * @typedef {object} App What every view is given.
 * @property {string} base the path prefix, ending in a slash
 * @property {StatusStore} status
 * @property {Stream} stream
 * @property {Api} api
 * @property {(text: string) => void} announce
 * @property {(address: string) => Promise<void>} go
 * @property {(address: string) => void} replace
 */

/** @typedef {{url: URL, first: any, app: App}} Page */
/** @typedef {(main: HTMLElement, page: Page) => import("./router.js").Mounted} Mount */

/** @type {Record<string, () => Promise<{mount: Mount}>>} */
const VIEWS = {
  overview: () => import("./overview.js"),
  product: () => import("./product.js"),
  compare: () => import("./compare.js"),
  pipeline: () => import("./pipeline.js"),
  rejects: () => import("./rejects.js"),
};

const SETTLED_MS = 1000; // a job that is starting, or ending, is looked at again

const base = document.querySelector("meta[name=base]")?.getAttribute("content") ?? "/";

/** Where a login is asked for, and what comes after it. */
function toLogin() {
  const next = location.pathname.slice(base.length - 1) + location.search;
  location.assign(`${base}login?${new URLSearchParams({ next })}`);
}

/** @param {string} view */
function markNavigation(view) {
  for (const link of document.querySelectorAll("nav [data-view]")) {
    const here = /** @type {HTMLElement} */ (link).dataset.view === view;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function start() {
  const announce = announcer(one(document, "#announcements"));
  const api = new Api(base, toLogin);
  const status = new StatusStore(firstOf(document).status);
  let said = phaseOf(status.value); // what the words on the page hold for
  let waiting = false;
  const showFigures = followFigures(status, () => stream.paused);
  const pause = one(document, "#pause");
  const light = connectionLight(one(document, "#connection"), pause, announce, status);
  const stream = new Stream(base, {
    status: (parts) => status.merge(parts),
    state: light,
    refused: () => api.get("status").then(noop, noop),
  });
  pause.addEventListener("click", () => stream.toggle());

  /** @type {App} */
  const app = {
    base,
    status,
    stream,
    api,
    announce,
    go: (address) => router.go(address),
    replace: (address) => router.replace(address),
  };
  const router = new Router(
    base,
    async (main, arrival) => {
      const view = main.dataset.view ?? "";
      markNavigation(view);
      const { status: came } = arrival.first;
      if (came) {
        said = phaseOf(came);
        status.merge(came);
      }
      showFigures();
      if (!VIEWS[view]) return { dispose: noop };
      const { mount } = await VIEWS[view]();
      const mounted = mount(main, { ...arrival, app });
      main.dataset.ready = "";
      return mounted;
    },
    (busy) => document.documentElement.toggleAttribute("data-busy", busy),
  );
  void router.start();
  status.listen(({ running, finished }) => {
    if (phaseOf({ running, finished }) === said || waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (phaseOf(status.value) !== said) void router.refresh();
    }, SETTLED_MS);
  });
}

function noop() {}

themeSwitch(one(document, "#theme"));
placeExplanations();
if (document.getElementById("first")) {
  linkPicks(new Picks(tabStorage()).ids, base);
  start();
}
