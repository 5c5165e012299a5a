import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf, filtersOf, sortedBy } from "../../src/starwatch/page/static/filters.js";

/** @param {string} text */
const read = (text) => filtersOf(new URLSearchParams(text));

test("an address says what is shown, and is read back the same", () => {
  for (const address of [
    "?window=1&sort=mean&q=a%26b&category=Toys+%26+Games&low=4&high=4.25",
    "?category=",
    "?low=-1&high=0",
  ]) {
    assert.equal(addressOf(read(address)), address);
  }
});

test("what is by default does not stand in the address", () => {
  assert.equal(addressOf(read("window=0&sort=-count")), "./");
  assert.equal(read("").category, null);
  assert.equal(read("category=").category, "");
});

test("nonsense in an address is left out", () => {
  assert.deepEqual([read("low=x").low, read("window=").window], [null, 0]);
});

test("a column sorts from its interesting end, then the other way", () => {
  assert.equal(sortedBy("-count", "mean"), "-mean");
  assert.equal(sortedBy("-mean", "mean"), "mean");
  assert.equal(sortedBy("mean", "mean"), "-mean");
  assert.equal(sortedBy("-count", "name"), "name");
  assert.equal(sortedBy("-all_count", "count"), "-count");
});
