// Which part of a long form is shown, and which row of a table on a phone: what addresses and states lead to.
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { beginsAt, nameOf } from "../js/grid/cards.js";
import { matching, settled } from "../js/parts/combobox.js";
import { dayOf, plusDays, plusMonths, typed, weeksOf } from "../js/parts/months.js";
import { renamed } from "../js/parts/row_names.js";
import { addressOf, begins, following, viewOf } from "../js/parts/views.js";

const parts = (...states) => states.map((state, n) => ({ id: `bagian${n + 1}`, state }));
const IDS = ["rapat-1", "surat", "periksa"];

suite("An address of a long form", () => {
  test("names a part, the answers, everything, or a field and so the part that it stands in", () => {
    assert.equal(viewOf("#bagian-rapat-1", IDS), "rapat-1");
    for (const whole of ["periksa", "semua", "daftar"]) assert.equal(viewOf(`#${whole}`, IDS), whole);
    assert.equal(
      viewOf("#f-surat-hal", IDS, (place) => place === "f-surat-hal" && "surat"),
      "surat",
    );
  });

  test("that names none says nothing, whatever it says", () => {
    for (const other of ["", "#", "#bagian-lain", "#waktu", "#%20"]) assert.equal(viewOf(other, IDS), null);
  });

  test("is what a part is led to by", () => {
    for (const view of IDS) assert.equal(viewOf(addressOf(view), IDS), view);
  });
});

suite("A long form begins", () => {
  test("at what is wrong, before all else", () => {
    const how = { wrong: "bagian3", kept: "bagian1", answers: true };
    assert.equal(begins(parts("complete", "complete", "faulty"), how), "bagian3");
  });

  test("where one was, if that is still there", () => {
    assert.equal(begins(parts("empty", "empty"), { kept: "bagian2" }), "bagian2");
    assert.equal(begins(parts("empty", "empty"), { kept: "semua" }), "semua");
    assert.equal(begins(parts("empty", "empty"), { kept: "bagian9" }), "bagian1");
    assert.equal(begins(parts("empty", "empty"), { kept: "periksa", answers: true }), "periksa");
    assert.equal(begins(parts("empty", "empty"), { kept: "periksa" }), "bagian1", "a reader checks nothing");
  });

  test("at the answers if nothing is left to type, and somebody may hand it in", () => {
    assert.equal(begins(parts("complete", "complete"), { answers: true, narrow: true }), "periksa");
    assert.equal(begins(parts("complete", "complete"), {}), "bagian1");
    assert.equal(begins(parts("complete", "locked"), { answers: true }), "bagian1");
  });

  test("at the first part that can be filled in, or on a phone at the list of them", () => {
    assert.equal(begins(parts("complete", "locked", "incomplete"), {}), "bagian3");
    assert.equal(begins(parts("complete", "incomplete"), { narrow: true }), "daftar");
  });

  test("and goes on to the next part that can be filled in, and to the answers at last", () => {
    assert.equal(following(parts("empty", "locked", "empty"), "bagian1"), "bagian3");
    assert.equal(following(parts("empty", "locked"), "bagian1"), "periksa");
    assert.equal(following(parts("empty", "empty"), "daftar"), "bagian1");
  });
});

suite("A table on a phone", () => {
  const data = {
    columns: [
      { name: "kode", given: true },
      { name: "sasaran", given: true, aside: true },
      { name: "indikator", given: true },
      { name: "satuan", given: true },
      { name: "jumlah" },
    ],
  };

  test("calls a row by its number and what it begins with", () => {
    const row = { i: 2, s: { kode: "IKU-03", sasaran: "Iklim", indikator: "Izin tepat waktu", satuan: "%" } };
    assert.equal(nameOf(data, row), "3 · IKU-03 · Izin tepat waktu");
    assert.equal(nameOf(data, { i: 0, s: {} }), "1");
  });

  test("begins at the row that an address names or that is wrong, else at the list", () => {
    const places = ["f-lembar-baris-0", "f-lembar-baris-1", "f-lembar-baris-10"];
    assert.equal(beginsAt(places, "#f-lembar-baris-10-jumlah", [true, false, false]), 2);
    assert.equal(beginsAt(places, "#f-lembar-baris-1-jumlah", []), 1);
    assert.equal(beginsAt(places, "", [false, true, true]), 1);
    assert.equal(beginsAt(places, "", [false, false, false]), -1);
  });
});

suite("A row that is moved", () => {
  test("has its number in every name and place of its fields, and in no other", () => {
    assert.equal(renamed("rapat.tindak.3.uraian", "rapat.tindak", 3, 0), "rapat.tindak.0.uraian");
    assert.equal(renamed("f-rapat-tindak-3-uraian-error", "rapat.tindak", 3, 12), "f-rapat-tindak-12-uraian-error");
    assert.equal(renamed("rapat.tindak.3", "rapat.tindak", 3, 4), "rapat.tindak.4");
    assert.equal(renamed("f-a-uraian-help f-a-3-uraian-error", "a", 3, 4), "f-a-uraian-help f-a-4-uraian-error");
    for (const other of ["rapat.tindak.31.uraian", "rapat.tindak", "lain.3.uraian", "f-rapat-tindak-uraian-help"])
      assert.equal(renamed(other, "rapat.tindak", 3, 0), other);
  });
});

suite("A calendar", () => {
  test("reads a day as people type it, day first, and writes it so", () => {
    assert.equal(dayOf("18/4/2025"), "2025-04-18");
    assert.equal(dayOf(" 1-12-2026 "), "2026-12-01");
    for (const none of ["", "18 April 2025", "31/4/2025", "4/18/2025", "18/4/25"]) assert.equal(dayOf(none), null);
    assert.equal(typed("2025-04-08"), "8/4/2025");
  });

  test("has weeks that begin on Monday, and no day of another month", () => {
    const weeks = weeksOf("2025-04-18");
    assert.equal(weeks.length, 5);
    assert.deepEqual(weeks[0].slice(0, 2), [null, "2025-04-01"]);
    assert.equal(weeks[2][4], "2025-04-18");
    assert.deepEqual(weeks[4].slice(1), ["2025-04-29", "2025-04-30", null, null, null, null].slice(0, 6));
    assert.equal(weeksOf("2027-02-10").length, 4);
  });

  test("goes over the ends of months and years", () => {
    assert.equal(plusDays("2025-12-31", 1), "2026-01-01");
    assert.equal(plusMonths("2024-03-31", -1), "2024-02-29");
    assert.equal(plusMonths("2025-12-15", 1), "2026-01-15");
  });
});

suite("Choosing by typing", () => {
  const people = [
    { label: "Rina Contoh, S.E.", hint: "19770415 199612 2 001 · Kepala Bidang" },
    { label: "Budi Contoh", hint: "Sekretaris" },
    { label: "Rahmat Contoh", hint: "Analis" },
  ];

  test("finds by name, number or position, words in any order", () => {
    assert.deepEqual(matching(people, "contoh rina"), [people[0]]);
    assert.deepEqual(matching(people, "199612"), [people[0]]);
    assert.deepEqual(matching(people, "sekre"), [people[1]]);
    assert.deepEqual(matching(people, " "), people);
    assert.deepEqual(matching(people, "siapa"), []);
  });

  test("proposes no more than one can read", () => {
    const many = Array.from({ length: 80 }, (_, n) => ({ label: `Orang ${n}` }));
    assert.equal(matching(many, "orang").length, 50);
  });

  test("ends with one of the list, with none, or as it began", () => {
    assert.equal(settled(people, "budi contoh", null), people[1]);
    assert.equal(settled(people, "  ", people[1]), null);
    assert.equal(settled(people, "bud", people[2]), people[2]);
  });
});
