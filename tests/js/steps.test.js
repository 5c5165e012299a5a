import assert from "node:assert/strict";
import { test } from "node:test";

import { steps } from "../../src/starwatch/page/static/steps.js";

const BOOKS = {
  received: 12,
  counted: 7,
  duplicate: 2,
  late: 1,
  rejected: 2,
  pending: 0,
  balanced: true,
  sentence: "",
};
const SINK = {
  name: "kafka",
  state: "running",
  error: "",
  failures: 0,
  backlog: 0,
  backlog_bytes: 0,
  refused: 0,
  passed_over: 0,
};

/**
 * The steps of a running service, by key, with some of its status changed.
 *
 * @param {object} [changes]
 */
function shown(changes = {}) {
  const status = {
    running: true,
    live: true,
    now_ms: 100_000,
    watermark_ms: 99_000,
    active: 5,
    rate: 3.25,
    windows: [{ label: "30s/5s", size_ms: 30_000, slide_ms: 5000, offset_ms: 0 }],
    specs: [],
    sources: [{ name: "mqtt", state: "running", connected: true, error: "" }],
    sinks: [SINK],
    queue: { ratings: 4, bytes: 900 },
    commits: { number: 8, p50_ms: 3, p99_ms: 20 },
    latency: { number: 8, p50_ms: 30, p99_ms: 250 },
    books: BOOKS,
    ...changes,
  };
  return Object.fromEntries(steps(/** @type {any} */ (status)).map((step) => [step.key, step]));
}

/**
 * @param {{lines: {label: string, value: string}[]}} step
 * @param {string} label
 */
const line = (step, label) => step.lines.find((each) => each.label === label)?.value;

test("a healthy service is good from end to end", () => {
  const way = shown();
  assert.deepEqual(Object.keys(way), [
    "sources",
    "queue",
    "classes",
    "windows",
    "commits",
    "sinks",
  ]);
  assert.deepEqual(new Set(Object.values(way).map((step) => step.level)), new Set(["good"]));
  assert.equal(line(way.windows, "window"), "30 s, every 5 s");
});

test("a source without its connection is broken, in words too", () => {
  const lost = { name: "mqtt", state: "running", connected: false, error: "" };
  const { sources } = shown({ sources: [lost] });
  assert.deepEqual([sources.level, sources.word], ["broken", "not connected"]);
  const two = shown({ sources: [lost, { ...lost, connected: true }] }).sources;
  assert.deepEqual([two.level, two.word], ["broken", "1 of 2 in trouble"]);
});

test("a source that waits for others says so, and is not broken", () => {
  const error = "there is no topic starwatch-back yet. Flink makes it";
  const { sources } = shown({
    sources: [{ name: "kafka", state: "waiting", connected: false, error }],
  });
  assert.deepEqual([sources.level, sources.word], ["slow", `waiting: ${error}`]);
});

test("a broken sink says what broke it and what waits for it", () => {
  const { sinks } = shown({
    sinks: [{ ...SINK, state: "broken", error: "refused", backlog: 1200, backlog_bytes: 5000 }],
  });
  assert.equal(sinks.level, "broken");
  assert.equal(sinks.figure, "1,200");
  assert.equal(line(sinks, "kafka"), "broken: refused; 1,200 rows waiting (5.0 kB)");
});

test("rows that a sink will never get are told", () => {
  const { sinks } = shown({ sinks: [{ ...SINK, passed_over: 1, refused: 2 }] });
  assert.equal(sinks.level, "slow");
  assert.equal(line(sinks, "kafka"), "up to date, 1 row passed over, 2 refused");
});

test("books that do not balance are broken", () => {
  const { classes } = shown({ books: { ...BOOKS, balanced: false } });
  assert.deepEqual([classes.level, classes.word], ["broken", "some are missing"]);
});

test("classes add up to what came, and lead to the lists", () => {
  const { classes } = shown();
  const numbers = classes.lines.map((each) => Number(each.value));
  assert.equal(
    numbers.reduce((sum, number) => sum + number, 0),
    Number(classes.figure),
  );
  const links = classes.lines.filter((each) => each.href).map((each) => each.label);
  assert.deepEqual(links, ["too late", "rejected"]);
});

test("a clock that has fallen far behind is told", () => {
  const { windows } = shown({ watermark_ms: 0 });
  assert.deepEqual([windows.level, windows.word], ["slow", "1 min 40 s behind"]);
});

test("what late ratings missed is told of each window", () => {
  const { windows } = shown({
    windows: [
      { label: "30s/5s", size_ms: 30_000, slide_ms: 5000, offset_ms: 0 },
      { label: "1h/1h", size_ms: 3_600_000, slide_ms: 3_600_000, offset_ms: 0 },
      { label: "1m/20s+7s", size_ms: 60_000, slide_ms: 20_000, offset_ms: 7000 },
    ],
    specs: [
      { label: "30s/5s", missed: 1208 },
      { label: "1h/1h", missed: 0 },
      { label: "1m/20s+7s", missed: 1 },
    ],
  });
  const lines = windows.lines.map(({ label, value }) => `${label}: ${value}`);
  assert.deepEqual(lines.slice(-5), [
    "window: 30 s, every 5 s",
    "missed by late ratings: 1,208",
    "window: 1 h",
    "window: 1 min, every 20 s, shifted by 7 s",
    "missed by late ratings: 1",
  ]);
});

test("a job without sinks says that none is set up", () => {
  const { sinks } = shown({ sinks: [] });
  assert.deepEqual([sinks.figure, sinks.level, sinks.word], ["0", "rest", "none is set up"]);
});

test("a state without a job rests, and claims nothing of a job", () => {
  const way = shown({
    running: false,
    finished: true,
    sources: [{ name: "shop.csv" }],
    sinks: [],
    queue: null,
    commits: null,
    latency: null,
  });
  assert.deepEqual([way.sources.level, way.sources.word], ["rest", "finished"]);
  assert.deepEqual([way.sources.figure, way.sources.unit], ["1", "source, read to the end"]);
  assert.deepEqual([way.queue.figure, way.queue.unit], ["–", "nothing is read any more"]);
  assert.equal(line(way.windows, "final up to"), "the end");
  assert.equal(way.windows.unit, "products in the last one");
  assert.deepEqual([way.commits.figure, way.commits.unit], ["12", "ratings are on disk"]);
  assert.deepEqual([way.sinks.figure, way.sinks.level, way.sinks.word], ["–", "rest", "finished"]);
});
