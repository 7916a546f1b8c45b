// The bell without its page: what it knows after each answer.
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { getElementById: () => null };
const { capped, heard } = await import("../js/bell.js");
const known = { count: 2, etag: '"2"', over: false };

test("what has not changed stays as it was", () => {
  assert.deepEqual(heard(known, { status: 304 }), { ...known, grew: false });
  assert.deepEqual(heard(known, { status: 0 }), { ...known, grew: false }, "no connection");
  assert.deepEqual(heard(known, { status: 503 }), { ...known, grew: false }, "the database is busy");
});

test("more than before is told, and less is not", () => {
  assert.equal(heard(known, { status: 200, etag: '"3"', count: 3 }).grew, true);
  const less = heard(known, { status: 200, etag: '"0"', count: 0 });
  assert.deepEqual([less.grew, less.count, less.etag], [false, 0, '"0"']);
});

test("whoever is signed out asks no more", () => {
  assert.equal(heard(known, { status: 401 }).over, true);
});

test("a hundred is the most that a badge says", () => {
  assert.deepEqual([capped(100), capped(101)], ["100", "100+"]);
});
