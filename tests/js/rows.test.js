import assert from "node:assert/strict";
import { test } from "node:test";

import { HeldRows } from "../../src/starwatch/page/static/heldrows.js";
import { Rows, rowsOf } from "../../src/starwatch/page/static/rows.js";

/**
 * An answer of the API.
 *
 * @param {number} offset
 * @param {string[]} ids
 * @param {number} total
 * @returns {any}
 */
function answer(offset, ids, total = 10_000) {
  return {
    total,
    offset,
    rows: { id: ids, count: ids.map(() => 1), provisional: { count: ids.map(() => 2) } },
  };
}

test("columns become rows, and columns that are not there leave no trace", () => {
  assert.deepEqual(
    rowsOf({ id: ["a", "b"], provisional: { count: [1, 2], stars: [[1], [2]] } }, 2),
    [
      { id: "a", open_count: 1, open_stars: [1] },
      { id: "b", open_count: 2, open_stars: [2] },
    ],
  );
});

test("changes reach the rows they belong to, and leave the rest of a row as it was", () => {
  const rows = new Rows();
  rows.put(answer(100, ["a", "b", "c"]));
  assert.deepEqual(rows.patch(100, { at: [0, 2], count: [7, 9] }), [100, 102]);
  assert.deepEqual(rows.at(102), { id: "c", count: 9, open_count: 2 });
  assert.equal(rows.at(101)?.count, 1);
});

test("a row that changes is another object, so that the screen notices", () => {
  const rows = new Rows();
  rows.put(answer(0, ["a"]));
  const before = rows.at(0);
  rows.patch(0, { at: [0], count: [1] });
  assert.notEqual(rows.at(0), before);
});

test("changes of rows that were scrolled away are let go", () => {
  const rows = new Rows();
  rows.put(answer(0, ["a"]));
  assert.deepEqual(rows.patch(50, { at: [0], count: [7] }), []);
});

test("whether rows are known ends at the table's ends", () => {
  const rows = new Rows();
  rows.put(answer(0, ["a", "b"], 2));
  assert.ok(rows.has(-20, 50));
  rows.put(answer(0, ["a", "b"], 3));
  assert.ok(!rows.has(0, 3));
});

test("a long journey through the table holds few rows, those near the screen among them", () => {
  const rows = new Rows();
  const ids = Array.from({ length: 200 }, (_, i) => `p${i}`);
  for (let offset = 0; offset < 20_000; offset += 200) rows.put(answer(offset, ids));
  const kept = Array.from({ length: 20_000 }, (_, i) => rows.at(i)).filter(Boolean).length;
  assert.ok(kept <= 3400, String(kept));
  assert.ok(rows.has(19_800, 20_000));
});

const ANSWER = { seq: 1, window: null, end_ms: 5, total: 3, offset: 0 };
const given = (/** @type {Record<string, number>} */ counts) => ({
  ...ANSWER,
  rows: /** @type {any} */ ({ id: Object.keys(counts), count: Object.values(counts) }),
});
const shownBy = (/** @type {Rows} */ rows) =>
  [0, 1, 2].map((at) => `${rows.at(at)?.id}${rows.at(at)?.count}`).join(" ");

test("a held table keeps its order and takes new numbers", () => {
  const rows = new Rows();
  rows.put(given({ A: 9, B: 5, C: 1 }));
  const held = new HeldRows(rows);
  assert.ok(!held.differs(given({ A: 8, B: 6, C: 0 })));
  const other = given({ B: 7, A: 6, D: 3 });
  assert.ok(held.differs(other));
  assert.deepEqual(held.hold(other).sort(), [0, 1]);
  assert.equal(shownBy(rows), "A6 B7 C1");
  assert.deepEqual(held.patch(0, /** @type {any} */ ({ at: [0, 2], count: [8, 4] })), [1]);
  assert.equal(shownBy(rows), "A6 B8 C1");
  assert.ok(held.waiting);
  held.apply();
  assert.equal(shownBy(rows), "B8 A6 D4");
  assert.ok(!held.waiting);
});
