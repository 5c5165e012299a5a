import assert from "node:assert/strict";
import { test } from "node:test";

import * as spans from "../../src/starwatch/page/static/spans.js";

const JOB = {
  windows: [{ label: "30s/5s", size_ms: 30_000, slide_ms: 5000, offset_ms: 0 }],
  tiers_ms: [5000, 60_000, 3_600_000, 86_400_000],
};

test("the job's windows and the usual ones, by size", () => {
  const labels = spans.windowChoices(JOB).map((each) => each.label);
  assert.deepEqual(labels.slice(0, 3), ["30s/5s", "1m/5s", "5m/1m"]);
  assert.equal(spans.windowChoices(JOB)[0].words, "30 s, every 5 s");
});

test("windows that no kept pane divides are not offered", () => {
  const odd = {
    windows: [{ label: "7s/7s", size_ms: 7000, slide_ms: 7000, offset_ms: 0 }],
    tiers_ms: [7000, 60_000],
  };
  const labels = spans.windowChoices(odd).map((each) => each.label);
  assert.ok(!labels.includes("1m/5s"));
  assert.ok(labels.includes("5m/1m"));
  assert.equal(spans.windowChoices(odd)[0].words, "7 s");
});

test("a window that is shifted says so", () => {
  const late = { label: "30s/5s+2s", size_ms: 30_000, slide_ms: 5000, offset_ms: 2000 };
  const choices = spans.windowChoices({ ...JOB, windows: [...JOB.windows, late] });
  const words = choices.filter((each) => each.size_ms === 30_000).map((each) => each.words);
  assert.deepEqual(words, ["30 s, every 5 s", "30 s, every 5 s, shifted by 2 s"]);
});

test("a long stretch gets longer windows, a short one keeps what is shown", () => {
  const choices = spans.windowChoices(JOB);
  assert.equal(spans.windowFor(choices, "30s/5s", 3_600_000), "30s/5s");
  assert.equal(spans.windowFor(choices, "30s/5s", 86_400_000), "5m/1m");
  assert.equal(spans.windowFor(choices, "7d/1d", 3_600_000), "30s/5s");
  assert.equal(spans.windowFor(choices, "30d/1d", 365 * 86_400_000), "30d/1d");
});

test("a stretch of time says its date where it is not of today", () => {
  const end = Date.UTC(2026, 10, 26, 12, 0, 5);
  assert.match(spans.stretch(end, 30_000, end), /^\d\d:\d\d:35 – \d\d:\d\d:05$/);
  assert.match(spans.stretch(end, 30_000, end + 3 * 86_400_000), /^2\d Nov 2026, /);
  const midnight = new Date(2026, 10, 26, 0, 0, 10).getTime();
  const over = spans.stretch(midnight, 30_000, midnight);
  assert.equal(over, "25 Nov 2026, 23:59:40 – 26 Nov 2026, 00:00:10");
});
