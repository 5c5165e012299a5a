import assert from "node:assert/strict";
import { test } from "node:test";

import * as series from "../../src/starwatch/page/static/series.js";

/** @param {...[number, number, number, boolean?]} rows end, ones, fives, corrected */
function points(...rows) {
  return {
    end_ms: rows.map(([end]) => end),
    count: rows.map(([, ones, fives]) => ones + fives),
    stars: [rows.map(([, ones]) => ones), rows.map(([, , fives]) => fives)],
    mean: rows.map(([, ones, fives]) => (ones + 5 * fives) / (ones + fives)),
    low: rows.map(() => 1),
    high: rows.map(() => 5),
    corrected: rows.map(([, , , corrected]) => corrected ?? false),
  };
}

test("points that come again replace, new ones find their place", () => {
  const held = points([10, 1, 1], [20, 1, 0], [40, 0, 2]);
  series.merge(held, points([20, 1, 1, true], [30, 3, 0], [50, 0, 1]));
  assert.deepEqual(held, points([10, 1, 1], [20, 1, 1, true], [30, 3, 0], [40, 0, 2], [50, 0, 1]));
  const before = structuredClone(held);
  series.merge(held, points([30, 3, 0], [50, 0, 1]));
  assert.deepEqual(held, before);
});

test("what has moved out of the chart is let go", () => {
  const held = points([10, 1, 1], [20, 1, 0], [40, 0, 2]);
  series.trim(held, 20);
  assert.deepEqual(held, points([20, 1, 0], [40, 0, 2]));
  series.trim(held, 20);
  assert.equal(held.end_ms.length, 2);
});

test("a window without ratings is a gap, one that follows is none", () => {
  const held = points([10, 1, 1], [20, 1, 0], [50, 0, 2]);
  const on = series.laid(held, 10);
  assert.deepEqual(on.x, [0, 10, 20, 21, 40, 50]);
  assert.deepEqual(on.at, [-1, 0, 1, -1, -1, 2]);
  assert.deepEqual(on.mean, [null, 3, 1, null, null, 5]);
  assert.deepEqual(on.count, [2, 2, 1, null, 2, 2]);
});

test("shares lie on each other up to one", () => {
  const held = points([10, 1, 3], [20, 2, 0], [50, 0, 2]);
  assert.deepEqual(series.stacked(held, series.laid(held, 10)), [
    [0.25, 0.25, 1, null, 0, 0],
    [1, 1, 1, null, 1, 1],
  ]);
});

test("several products share one axis, each with its own gaps", () => {
  const one = series.laid(points([10, 1, 1], [20, 1, 0], [30, 0, 1]), 10);
  const other = series.laid(points([20, 0, 1], [50, 1, 0]), 10);
  const both = series.together([one, other]);
  assert.deepEqual(both.x, [0, 10, 20, 21, 30, 40, 50]);
  assert.deepEqual(both.mean, [
    [null, 3, 1, undefined, 5, undefined, undefined],
    [undefined, null, 5, null, undefined, null, 1],
  ]);
  assert.deepEqual(both.at, [
    [-1, 0, 1, -1, 2, -1, -1],
    [-1, -1, 0, -1, -1, -1, 1],
  ]);
});

test("values with nothing on either side are found, for a line cannot show them", () => {
  assert.deepEqual(series.alone([1, null, 2, 2, null, 3]), [0, 5]);
  assert.deepEqual(series.alone([null, 4, undefined]), [1]);
  assert.deepEqual(series.alone([1, undefined, 2, null, undefined, 3, null]), [5]);
});
