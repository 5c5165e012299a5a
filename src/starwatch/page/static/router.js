/**
 * Links are real addresses. A click fetches the address's own page and takes its main part, so that
 * markup is written once, on the server, and one event stream outlives every view.
 *
 * @module
 */

/** @typedef {{dispose(): void}} Mounted */
/** @typedef {{main: HTMLElement, first: any, title: string}} Fetched */
/** @typedef {{url: URL, first: any}} Arrival */

/**
 * The numbers that a page brings along.
 *
 * @param {Document} page
 */
export function firstOf(page) {
  const text = page.getElementById("first")?.textContent;
  return text ? JSON.parse(text) : {};
}

/** Goes from view to view. */
export class Router {
  /** @type {Mounted | undefined} */
  #mounted;
  /** @type {AbortController | undefined} */
  #under;

  /**
   * @param {string} base the path prefix, ending in a slash
   * @param {(main: HTMLElement, arrival: Arrival) => Promise<Mounted>} mount
   * @param {(busy: boolean) => void} busy
   */
  constructor(base, mount, busy) {
    this.base = base;
    this.mount = mount;
    this.busy = busy;
  }

  /** Mount what the document came with, and take over its links. */
  async start() {
    const top = history.state?.top; // as it was left; what the browser scrolls to now is no news
    document.addEventListener("click", (event) => this.#clicked(event));
    addEventListener("popstate", () => void this.#enter(new URL(location.href), true));
    history.scrollRestoration = "manual";
    addEventListener("scrollend", () => this.#keepPlace());
    const main = /** @type {HTMLElement} */ (document.querySelector("main"));
    this.#mounted = await this.mount(main, {
      url: new URL(location.href),
      first: firstOf(document),
    });
    this.#show(main, new URL(location.href), top);
  }

  /**
   * Go to another address.
   *
   * @param {string} address relative to the path prefix, or whole
   */
  async go(address) {
    await this.#enter(new URL(address, new URL(this.base, location.origin)), false);
  }

  /** Show the same address anew, with the words that hold now; the place on the page stays. */
  async refresh() {
    if (this.#under) return; // another page is on its way
    const url = new URL(location.href);
    const fetched = await this.#fetch(url);
    if (fetched && url.href === location.href) await this.#swap(url, fetched, scrollY);
  }

  /**
   * Say by the address what is shown now, without going anywhere.
   *
   * @param {string} address
   */
  replace(address) {
    const url = new URL(address, new URL(this.base, location.origin));
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (!this.#ours(url) || (url.hash && url.pathname === location.pathname)) return;
    event.preventDefault();
    void this.#enter(url, false);
  }

  /** @param {URL} url */
  #ours(url) {
    const inside = url.origin === location.origin && url.pathname.startsWith(this.base);
    return (
      inside &&
      !/^(api|static|login|logout|metrics|docs|openapi)\b/.test(
        url.pathname.slice(this.base.length),
      )
    );
  }

  #keepPlace() {
    history.replaceState({ ...history.state, top: scrollY }, "");
  }

  /**
   * @param {URL} url
   * @param {boolean} back whether the browser went there already
   */
  async #enter(url, back) {
    this.busy(true);
    const fetched = await this.#fetch(url);
    if (fetched === undefined) return;
    this.busy(false);
    if (!fetched) {
      location.assign(url);
      return;
    }
    if (!back) {
      this.#keepPlace();
      history.pushState({}, "", url);
    }
    await this.#swap(url, fetched, history.state?.top);
  }

  /**
   * @param {URL} url
   * @returns {Promise<Fetched | null | undefined>} undefined: another one was asked for meanwhile
   */
  async #fetch(url) {
    this.#under?.abort();
    const under = new AbortController();
    this.#under = under;
    const fetched = await pageAt(url, under.signal);
    if (under.signal.aborted) return undefined;
    this.#under = undefined;
    return fetched;
  }

  /**
   * @param {URL} url
   * @param {Fetched} fetched
   * @param {number | undefined} top where on the page; none: where the address says
   */
  async #swap(url, fetched, top) {
    this.#mounted?.dispose();
    this.#mounted = undefined;
    document.title = fetched.title;
    document.querySelector("main")?.replaceWith(fetched.main);
    this.#mounted = await this.mount(fetched.main, { url, first: fetched.first });
    const place = this.#show(fetched.main, url, top);
    (place ?? fetched.main.querySelector("h1"))?.focus({ preventScroll: true });
  }

  /**
   * Go to a place on a page that has all of its content by now.
   *
   * @param {HTMLElement} main
   * @param {URL} url
   * @param {number | undefined} top where it was left; none: what the address names, else the top
   * @returns {HTMLElement | null} what the address names
   */
  #show(main, url, top) {
    const id = url.hash.slice(1); // ours are plain, so nothing is to be decoded
    /** @type {HTMLElement | null} */
    const place = id ? main.querySelector(`#${CSS.escape(id)}`) : null;
    if (top === undefined && place) place.scrollIntoView();
    else scrollTo(0, top ?? 0);
    return place;
  }
}

/**
 * A page of ours, taken apart; nothing where it is none.
 *
 * @param {URL} url
 * @param {AbortSignal} signal
 * @returns {Promise<Fetched | null>}
 */
async function pageAt(url, signal) {
  try {
    const answer = await fetch(url, { signal, headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (!main) return null;
    return { main: document.adoptNode(main), first: firstOf(page), title: page.title };
  } catch {
    return null;
  }
}
