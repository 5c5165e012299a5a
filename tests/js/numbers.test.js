import assert from "node:assert/strict";
import { test } from "node:test";

import * as numbers from "../../src/starwatch/page/static/numbers.js";

const FIVE = [1, 2, 3, 4, 5];
const HALVES = [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5];

test("means are exact and rounded half to even", () => {
  assert.equal(numbers.mean([0, 0, 0, 7, 1], FIVE), "4.12"); // 33/8 = 4.125
  assert.equal(numbers.mean([0, 0, 0, 5, 3], FIVE), "4.38"); // 35/8 = 4.375
  assert.equal(numbers.mean([0, 0, 2, 0, 1], FIVE), "3.67");
  assert.equal(numbers.mean([0, 0, 1, 1, 0], FIVE, 0), "4"); // 3.5
  assert.equal(numbers.mean([0, 1, 1, 0, 0], FIVE, 0), "2"); // 2.5
  assert.equal(numbers.mean([0, 0, 0, 0, 0], FIVE), "–");
});

test("means of more ratings than a double can count are exact", () => {
  const many = 2 ** 52;
  assert.equal(numbers.mean([many, 0, 0, 0, many], FIVE, 6), "3.000000");
  assert.equal(numbers.mean([many, 0, 0, 0, many + 8], FIVE, 15), "3.000000000000002");
});

test("means on other scales", () => {
  assert.equal(numbers.mean([1, 0, 0, 0, 0, 0, 0, 0, 0, 0], HALVES), "0.50");
  assert.equal(numbers.mean([0, 0, 0, 0, 0, 0, 0, 3, 1, 0], HALVES), "4.12"); // 16.5/4
  assert.equal(numbers.mean([3, 0, 1], [-1, 0, 1]), "−0.50");
});

test("changes carry a sign, zero none", () => {
  assert.equal(numbers.change(0.25), "+0.25");
  assert.equal(numbers.change(-0.5), "−0.50");
  assert.equal(numbers.change(0.125), "+0.12");
  assert.equal(numbers.change(0), "0.00");
  assert.equal(numbers.change(0.004), "0.00");
  assert.equal(numbers.change(-0.004), "0.00");
  assert.equal(numbers.change(null), "–");
});

test("counts, rates and bytes", () => {
  assert.equal(numbers.count(1234567), "1,234,567");
  assert.equal(numbers.count(null), "–");
  assert.equal(numbers.counted(1, "rating"), "1 rating");
  assert.equal(numbers.counted(2000, "rating"), "2,000 ratings");
  assert.deepEqual([0, 0.42, 9.94, 9.96, 1203.6].map(numbers.rate), [
    "0",
    "0.4",
    "9.9",
    "10",
    "1,204",
  ]);
  assert.deepEqual([0, 812, 3400, 12_000_000].map(numbers.bytes), [
    "0 B",
    "812 B",
    "3.4 kB",
    "12 MB",
  ]);
});

test("lengths of time", () => {
  assert.deepEqual([340, 30_000, 90_000, 7_200_000, 273_600_000].map(numbers.duration), [
    "340 ms",
    "30 s",
    "1 min 30 s",
    "2 h",
    "3 d 4 h",
  ]);
  assert.deepEqual([30_000, 60_000, 90_000, 7_200_000, 86_400_000, 500].map(numbers.inWords), [
    "30 seconds",
    "1 minute",
    "90 seconds",
    "2 hours",
    "1 day",
    "0.5 seconds",
  ]);
  assert.deepEqual([0, 42_000, 150_000, 3 * 3_600_000, 5 * 86_400_000, null].map(numbers.ago), [
    "just now",
    "42 s ago",
    "2 min ago",
    "3 h ago",
    "5 days ago",
    "never",
  ]);
});

test("shares add up to 100", () => {
  assert.deepEqual(numbers.shares([1, 1, 1]), [34, 33, 33]);
  assert.deepEqual(numbers.shares([0, 0, 0]), [0, 0, 0]);
  for (const stars of [[1, 2, 3, 4, 5], [7, 0, 0, 0, 1], [999, 1, 0, 0, 0], Array(21).fill(1)]) {
    assert.equal(numbers.total(numbers.shares(stars)), 100);
  }
});

test("a histogram in words", () => {
  assert.equal(numbers.starsInWords([1, 0, 0, 2, 0], FIVE), "4 stars: 2, 1 star: 1");
  assert.equal(numbers.starsInWords([0, 0], [1, 2]), "no ratings");
});

test("no two windows read the same", () => {
  const words = (/** @type {number[]} */ ...[size_ms, slide_ms, offset_ms]) =>
    numbers.windowWords({ size_ms, slide_ms, offset_ms });
  assert.equal(words(30_000, 5000, 0), "30 s, every 5 s");
  assert.equal(words(60_000, 60_000, 0), "1 min");
  assert.equal(words(60_000, 60_000, 7500), "1 min, shifted by 7 s 500 ms");
  assert.equal(words(86_400_000, 3_600_000, 900_000), "1 d, every 1 h, shifted by 15 min");
  assert.equal(words(90_061_001, 90_061_001, 0), "1 d 1 h 1 min 1 s 1 ms");
});
