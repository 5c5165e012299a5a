import assert from "node:assert/strict";
import { test } from "node:test";

import {
  axisMarks,
  barAt,
  binWords,
  merged,
  mergedBy,
} from "../../src/starwatch/page/static/distribution.js";

const BINS = { low: [1, 1.25, 1.5], high: [1.25, 1.5, 1.75], count: [3, 0, 5] };

test("bars are put together until a finger can hit them", () => {
  assert.equal(mergedBy(16, 1300), 1);
  assert.equal(mergedBy(16, 290), 2);
  assert.equal(mergedBy(80, 290), 8);
});

test("bars put together hold the products of both", () => {
  assert.deepEqual(merged(BINS, 1), BINS);
  assert.deepEqual(merged(BINS, 2), { low: [1, 1.5], high: [1.5, 1.75], count: [3, 5] });
});

test("only the last bar includes its upper end", () => {
  assert.equal(binWords(BINS, 0), "1.00 to below 1.25 stars");
  assert.equal(binWords(BINS, 2), "1.50 to 1.75 stars");
});

test("marks stand at their values, also where a scale does not begin at a whole one", () => {
  const marks = axisMarks(0.5, 5);
  assert.deepEqual(
    marks.map(([mark]) => mark),
    [0.5, 1, 2, 3, 4, 5],
  );
  for (const [mark, share] of marks) assert.equal(share, (mark - 0.5) / 4.5);
  assert.deepEqual(
    axisMarks(1, 5).map(([mark]) => mark),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(
    axisMarks(-0.25, 9.75).map(([mark]) => mark),
    [-0.25, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9.75],
  );
});

test("arrows go from bar to bar and no further than the ends", () => {
  assert.deepEqual(
    ["ArrowLeft", "ArrowRight", "Home", "End"].map((key) => barAt(key, 3, 16)),
    [2, 4, 0, 15],
  );
  assert.equal(barAt("ArrowLeft", 0, 16), 0);
  assert.equal(barAt("ArrowRight", 15, 16), 15);
  assert.equal(barAt("Tab", 3, 16), undefined);
});
