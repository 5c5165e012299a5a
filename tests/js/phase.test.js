import assert from "node:assert/strict";
import { test } from "node:test";

import { lastMs, phaseOf } from "../../src/starwatch/page/static/phase.js";

test("what no process works on is finished, or stopped", () => {
  assert.equal(phaseOf({ running: true, finished: false }), "running");
  assert.equal(phaseOf({ running: false, finished: true }), "finished");
  assert.equal(phaseOf({ running: false, finished: false }), "stopped");
  assert.equal(phaseOf({ running: true, finished: true }), "running");
});

test("the last rating came when it arrived; of a replay, when it was given", () => {
  const status = { now_ms: 9000, data_age_ms: 2000, newest_ms: 5000 };
  assert.equal(lastMs({ ...status, live: true }), 7000);
  assert.equal(lastMs({ ...status, live: false }), 5000);
  assert.equal(lastMs({ ...status, live: true, data_age_ms: null }), null);
});
