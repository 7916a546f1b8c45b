// Who is offered while somebody is mentioned, and what stands in the note then.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fitting, put, typed } from "../js/mentions.js";

const people = [
  { account: "tim.sakip", name: "Tim SAKIP" },
  { account: "pemegang.data.1", name: "Bidang Perizinan" },
];

test("an @ at the beginning of a word asks for people, one in an address does not", () => {
  assert.equal(typed("Mohon @tim.s", 12), "tim.s");
  assert.equal(typed("@", 1), "");
  assert.equal(typed("surel kantor@dinas", 18), undefined);
  assert.equal(typed("Mohon @tim periksa", 18), undefined);
});

test("people are found by account and by any word of their name", () => {
  assert.deepEqual(fitting(people, "perI"), [people[1]]);
  assert.deepEqual(fitting(people, "tim"), [people[0]]);
  assert.deepEqual(fitting(people, ""), people);
  assert.deepEqual(fitting(people, "x"), []);
});

test("the account takes the place of what was typed, and the rest of the note stays", () => {
  assert.deepEqual(put("Mohon @ti, segera", 9, "ti", "tim.sakip"), { text: "Mohon @tim.sakip , segera", at: 17 });
});
