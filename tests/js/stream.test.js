import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { changes, Stream } from "../../src/starwatch/page/static/stream.js";

/** A browser's EventSource, as far as the stream uses it. */
class FakeSource {
  static CLOSED = 2;
  /** @type {FakeSource[]} */
  static made = [];
  /** @type {Record<string, (event: any) => void>} */
  listeners = {};
  readyState = 1;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeSource.made.push(this);
  }

  /**
   * @param {string} name
   * @param {(event: any) => void} listener
   */
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  close() {
    this.readyState = FakeSource.CLOSED;
  }

  /**
   * @param {string} name
   * @param {object} [data]
   */
  send(name, data = {}) {
    this.listeners[name]({ data: JSON.stringify(data) });
  }
}

const page = /** @type {any} */ (globalThis);

beforeEach((t) => {
  FakeSource.made = [];
  page.EventSource = FakeSource;
  page.addEventListener = () => {};
  page.document = { addEventListener() {}, hidden: false };
  /** @type {any} */ (t).mock?.timers.reset();
});

/** A stream, and what came of it. */
function opened() {
  /** @type {any[]} */
  const seen = [];
  /** @type {any[]} */
  const states = [];
  const stream = new Stream("/shop/", {
    status: (status) => seen.push(["status", status]),
    state: (state, waiting) => states.push(waiting ? [state, waiting] : state),
    refused: async () => {
      seen.push(["refused"]);
    },
  });
  const listener = {
    full: (/** @type {any} */ data) => seen.push(["full", data.view]),
    delta: (/** @type {any} */ data) => seen.push(["delta", data.n]),
  };
  return { stream, listener, seen, states };
}

/** @param {import("node:test").TestContext} t */
const timers = (t) => t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });

test("what comes is handed on in its order, the status apart", (t) => {
  timers(t);
  const { stream, listener, seen, states } = opened();
  stream.watch({ view: "products", q: "a b" }, listener);
  const [source] = FakeSource.made;
  assert.equal(source.url, "/shop/api/v1/stream?view=products&q=a+b");
  source.send("full", { status: { seq: 1 }, view: "all" });
  source.send("delta", { n: 2 });
  assert.deepEqual(seen, [
    ["status", { seq: 1 }],
    ["full", "all"],
    ["delta", 2],
  ]);
  assert.equal(states.at(-1), "live");
});

test("a tab has one connection, whatever it watches", (t) => {
  timers(t);
  const { stream, listener } = opened();
  for (const offset of [0, 50, 100]) stream.watch({ view: "products", offset }, listener);
  stream.watch({ view: "products", offset: 100 }, listener);
  assert.equal(FakeSource.made.length, 3);
  assert.deepEqual(
    FakeSource.made.map((source) => source.readyState),
    [2, 2, 1],
  );
});

test("paused, nothing changes and changes are counted; resumed, everything comes anew", (t) => {
  timers(t);
  const { stream, listener, seen, states } = opened();
  stream.watch({ view: "products" }, listener);
  FakeSource.made[0].send("full", { view: 1 });
  stream.toggle();
  FakeSource.made[0].send("delta", { rows: { at: [0, 5, 9] } });
  FakeSource.made[0].send("delta", { rows: { at: [1] }, status: { rate: 3 } });
  assert.deepEqual(seen, [["full", 1]]);
  assert.deepEqual(states.at(-1), ["paused", 4]);
  stream.toggle();
  assert.equal(FakeSource.made.length, 2);
  FakeSource.made[1].send("full", { view: 2 });
  assert.deepEqual(seen.at(-1), ["full", 2]);
  assert.equal(states.at(-1), "live");
});

test("paused, another place of the table still comes once", (t) => {
  timers(t);
  const { stream, listener, seen } = opened();
  stream.watch({ view: "products" }, listener);
  FakeSource.made[0].send("full", { view: 1 });
  stream.toggle();
  stream.watch({ view: "products", offset: 100 }, listener);
  FakeSource.made[1].send("full", { view: 2 });
  FakeSource.made[1].send("delta", { n: 3 });
  assert.deepEqual(seen, [
    ["full", 1],
    ["full", 2],
  ]);
});

test("a stream that the server closed is opened again, later each time", async (t) => {
  timers(t);
  const { stream, listener, seen, states } = opened();
  stream.watch({ view: "products" }, listener);
  for (const wait of [500, 1000, 2000]) {
    const source = /** @type {FakeSource} */ (FakeSource.made.at(-1));
    const before = FakeSource.made.length;
    source.readyState = FakeSource.CLOSED;
    source.listeners.error({});
    assert.equal(states.at(-1), "lost");
    t.mock.timers.tick(wait - 1);
    assert.equal(FakeSource.made.length, before);
    t.mock.timers.tick(1);
    await Promise.resolve();
    assert.equal(FakeSource.made.length, before + 1);
  }
  assert.equal(seen.filter(([what]) => what === "refused").length, 3);
});

test("while the browser itself tries again, the stream only says so", (t) => {
  timers(t);
  const { stream, listener, states } = opened();
  stream.watch({ view: "products" }, listener);
  FakeSource.made[0].readyState = 0;
  FakeSource.made[0].listeners.error({});
  t.mock.timers.tick(20_000);
  assert.equal(FakeSource.made.length, 1);
  assert.equal(states.at(-1), "lost");
});

test("a connection that died without a word is opened anew", (t) => {
  timers(t);
  const { stream, listener } = opened();
  stream.watch({ view: "products" }, listener);
  FakeSource.made[0].send("full", { view: 1 });
  t.mock.timers.tick(59_000);
  assert.equal(FakeSource.made.length, 1);
  t.mock.timers.tick(7000);
  assert.equal(FakeSource.made.length, 2);
});

test("what an old connection still says is not taken for the new one's failure", (t) => {
  timers(t);
  const { stream, listener, states } = opened();
  stream.watch({ view: "products" }, listener);
  stream.watch({ view: "pipeline" }, listener);
  FakeSource.made[0].listeners.error({});
  assert.equal(states.at(-1), "connecting");
});

test("changes are counted by rows and by points", () => {
  assert.equal(changes({ rows: { at: [1, 2] } }, false), 2);
  assert.equal(changes({ points: { a: { end_ms: [1] }, b: { end_ms: [1, 2] } } }, false), 3);
  assert.equal(changes({ status: {}, view: {} }, false), 1);
  assert.equal(changes({ status: {} }, false), 0);
});
