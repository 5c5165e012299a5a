import assert from "node:assert/strict";
import { test } from "node:test";

import { kind, starSteps, trendPath } from "../../src/starwatch/page/static/pictures.js";

test("steps of a star bar are as wide as their share and rise with their stars", () => {
  const steps = starSteps([1, 0, 0, 0, 3]);
  assert.deepEqual(
    steps.map((step) => step.width),
    [24, 0, 0, 0, 74], // a quarter and three, each with a gap of one behind it
  );
  assert.equal(steps[4].x, 25);
  assert.equal(steps[4].height, 20);
  steps.slice(1).forEach((step, i) => assert.ok(step.height > steps[i].height));
  steps.forEach((step) => assert.ok(Math.abs(step.y + step.height - 20) < 1e-9));
});

test("without ratings a star bar is empty", () => {
  assert.deepEqual(
    starSteps([0, 0]).map((step) => step.width),
    [0, 0],
  );
});

test("every scale has the looks of five stars", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((step) => kind(step, 5)),
    [1, 2, 3, 4, 5],
  );
  assert.equal(kind(0, 10), 1);
  assert.equal(kind(9, 10), 5);
  assert.equal(kind(0, 1), 5);
});

test("a trend is broken where no rating came, and a point alone is a dot", () => {
  assert.equal(trendPath([1, 5, null, 5], 1, 5), "M3.0 33.0h0L39.7 3.0M113.0 3.0h0");
  assert.equal(trendPath([null, null], 1, 5), "");
});
