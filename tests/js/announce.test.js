import assert from "node:assert/strict";
import { test } from "node:test";

import { announcer } from "../../src/starwatch/page/static/announce.js";

test("of many announcements the last is said, and none soon after another", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const region = /** @type {any} */ ({ textContent: "" });
  const announce = announcer(region, 5000);
  announce("1 product");
  announce("2 products");
  t.mock.timers.tick(0);
  assert.equal(region.textContent, "2 products");
  announce("3 products");
  t.mock.timers.tick(4000);
  announce("4 products");
  assert.equal(region.textContent, "2 products");
  t.mock.timers.tick(1000);
  assert.equal(region.textContent, "4 products");
});
