/**
 * Questions to the API.
 *
 * @module
 */

/** @typedef {string | number | boolean | null | undefined} Value */
/** @typedef {Record<string, Value | readonly Value[]>} Params */

/** An answer that is none: what the server said, or that it said nothing. */
export class ApiError extends Error {
  /**
   * @param {string} message in one line
   * @param {number} status of HTTP; 0 where no answer came
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Parameters as a query string; null ones are left out, several values repeat the name.
 *
 * @param {Params} params
 */
export function query(params) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined) pairs.append(name, String(each));
    }
  }
  return pairs.toString();
}

/** The API below a path prefix. */
export class Api {
  /**
   * @param {string} base the path prefix, ending in a slash
   * @param {() => void} refused called when the server asks who we are
   */
  constructor(base, refused) {
    this.base = base;
    this.refused = refused;
  }

  /**
   * Where something of the API is answered.
   *
   * @param {string} name such as `products`
   * @param {Params} [params]
   */
  url(name, params = {}) {
    const asked = query(params);
    return `${this.base}api/v1/${name}${asked ? `?${asked}` : ""}`;
  }

  /**
   * An answer of the API.
   *
   * @param {string} name
   * @param {Params} [params]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   * @throws {ApiError} none came, or it says what is wrong
   */
  async get(name, params = {}, signal) {
    const answer = await this.ask(this.url(name, params), signal);
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new ApiError(body.error ?? answer.statusText, answer.status);
    return body;
  }

  /**
   * @param {string} url
   * @param {AbortSignal} [signal]
   */
  async ask(url, signal) {
    try {
      const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
      if (answer.status === 401) this.refused();
      return answer;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError("the server does not answer", 0);
    }
  }
}
