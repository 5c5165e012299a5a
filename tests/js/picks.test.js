import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST, Picks } from "../../src/starwatch/page/static/picks.js";

/** @param {string | null} text */
const storage = (text) => ({
  text,
  getItem() {
    return this.text;
  },
  setItem(/** @type {string} */ _, /** @type {string} */ value) {
    this.text = value;
  },
});

test("up to six products are picked, and let go", () => {
  const picks = new Picks(storage(null));
  for (let at = 0; at < MOST; at += 1) assert.ok(picks.toggle(`P${at}`));
  assert.ok(!picks.toggle("one more"));
  assert.ok(picks.toggle("P2"));
  assert.deepEqual(picks.ids, ["P0", "P1", "P3", "P4", "P5"]);
  assert.ok(picks.has("P0") && !picks.has("P2"));
});

test("picks last as long as the tab, whatever lies in its storage", () => {
  const kept = storage(null);
  new Picks(kept).toggle('an "id"');
  assert.deepEqual(new Picks(kept).ids, ['an "id"']);
  new Picks(kept).clear();
  assert.deepEqual(new Picks(kept).ids, []);
  for (const odd of ["{", "null", "7", "[1, 2]"]) {
    assert.deepEqual(new Picks(storage(odd)).ids, []);
  }
});
