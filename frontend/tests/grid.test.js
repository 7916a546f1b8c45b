// The grid without its page: what cells hold, what changes them, what is sent, and what two versions become.
import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { parseBlock, writeBlock } from "../js/grid/block.js";
import { spread } from "../js/grid/clipboard.js";
import { optionStarting, valueOf } from "../js/grid/columns.js";
import { misfits } from "../js/grid/filters.js";
import { Selection } from "../js/grid/selection.js";
import { Sheet } from "../js/grid/sheet.js";
import { phrases } from "../js/phrases.js";

const YESNO = [
  ["ya", "Diterima"],
  ["tidak", "Dikembalikan"],
];
const column = (name, kind = "text", more = {}) => ({ name, label: name, kind, options: [], ...more });
const row = (i, v, more = {}) => ({ i, k: `K${i}`, v, s: { nama: "Alat" }, e: {}, h: [], f: {}, st: "empty", ...more });

const sheetOf = (rows, more = {}) =>
  new Sheet(
    {
      path: "lembar.baris",
      key: "kode",
      revision: 4,
      filling: true,
      columns: [
        column("nama", "text", { given: true }),
        column("jumlah", "integer"),
        column("bukti", "file"),
        column("status", "choice", { options: YESNO }),
        column("catatan", "long_text", { aside: true }),
      ],
      rows,
      ...more,
    },
    phrases({ row: "Baris {n}", yes: "Ya", files: "{n} berkas" }),
  );

let sheet;
let selection;
beforeEach(() => {
  sheet = sheetOf([row(0, { jumlah: ["10"] }), row(1, {}), row(2, { status: ["ya"] })]);
  selection = new Selection(sheet);
});
const held = (r, name) => sheet.textsOf(r, sheet.byName[name]);

suite("A sheet", () => {
  test("keeps in sight by what one knows a row: two columns at its beginning that nobody types", () => {
    const given = { given: true };
    const s = { kode: "A", alat: "B", ruang: "C", target: "1", nama: "" };
    const pinned = (...columns) => sheetOf([row(0, {}, { s })], { columns }).pinned();
    const known = [column("kode", "text", given), column("alat", "text", given), column("ruang", "text", given)];
    assert.deepEqual(pinned(...known), ["kode", "alat"]);
    assert.deepEqual(pinned(known[0], column("target", "number", given)), ["kode"]);
    assert.deepEqual(pinned(column("nama"), known[0]), ["nama"]);
  });

  test("takes nothing for a cell that follows from others, for as long as it does", () => {
    const amount = sheet.byName.jumlah;
    assert.ok(sheet.editable(1, amount));
    sheet.rows[1] = row(1, {}, { s: { jumlah: "95,5" }, g: ["jumlah"] });
    assert.ok(!sheet.editable(1, amount));
    assert.equal(sheet.shownOf(1, amount), "95,5");
  });
});

suite("A block of a spreadsheet", () => {
  test("is read cell by cell, with tabs, lines and quotes inside of cells", () => {
    assert.deepEqual(parseBlock("a\tb\r\nc\td\r\n"), [
      ["a", "b"],
      ["c", "d"],
    ]);
    assert.deepEqual(parseBlock('"a\tb"\t"say ""yes"""\n"two\nlines"\t'), [
      ["a\tb", 'say "yes"'],
      ["two\nlines", ""],
    ]);
  });

  test("is written as it is read", () => {
    const block = [
      ["a\tb", 'say "yes"'],
      ["two\nlines", "c"],
    ];
    assert.deepEqual(parseBlock(writeBlock(block)), block);
  });

  test("fills the cells from where one is, and says how many found no room", () => {
    selection.to(1, 0);
    const { changes, refused } = spread(parseBlock("Puskesmas\t7\nKlinik\t8\nRumah sakit\t9"), selection);
    assert.deepEqual(changes, [
      [1, "jumlah", ["7"]],
      [2, "jumlah", ["8"]],
    ]);
    assert.equal(refused, 2); // the names are given; the third line lies below the table, which nobody counts
  });

  test("of one cell fills what is marked, and nothing of a row that is hidden or not marked", () => {
    selection.hidden = new Set([1]);
    sheet.rows.push(row(3, {}));
    selection.to(0, 1);
    selection.to(2, 1, true);
    const { changes } = spread([["5"]], selection);
    assert.deepEqual(
      changes.map(([r]) => r),
      [0, 2],
    );
  });
});

suite("A text", () => {
  test("stands for a choice by its value or its label, however it is written", () => {
    const choice = column("status", "choice", { options: YESNO });
    assert.deepEqual(valueOf(choice, " diterima "), ["ya"]);
    assert.deepEqual(valueOf(choice, "TIDAK"), ["tidak"]);
    assert.deepEqual(valueOf(choice, "entah"), ["entah"]); // the server says what is wrong with it
    assert.deepEqual(valueOf({ ...choice, kind: "choices" }, "Diterima; tidak;"), ["", "ya", "tidak"]);
    assert.equal(optionStarting(choice, "dik"), "tidak");
  });

  test("ticks a box in the words of any spreadsheet", () => {
    const box = column("hadir", "boolean");
    for (const yes of ["ya", "TRUE", "1", "x", "V"]) assert.deepEqual(valueOf(box, yes), ["ya"]);
    for (const no of ["tidak", "0", ""]) assert.deepEqual(valueOf(box, no), [""]);
  });
});

suite("A cell", () => {
  test("shows the label of a choice, how many files it has, and what the server computed", () => {
    sheet.rows[0].s.nama = "Puskesmas Kota";
    sheet.rows[0].v.bukti = ["f1"];
    assert.equal(sheet.shownOf(0, sheet.byName.nama), "Puskesmas Kota");
    assert.equal(sheet.shownOf(0, sheet.byName.bukti), "1 berkas");
    assert.equal(sheet.shownOf(2, sheet.byName.status), "Diterima");
  });

  test("of a locked row, a given column or a hidden one is not typed in", () => {
    sheet.rows[1].l = true;
    sheet.rows[2].h = ["jumlah"];
    assert.deepEqual(
      [0, 1, 2].map((r) => sheet.editable(r, sheet.byName.jumlah)),
      [true, false, false],
    );
    assert.ok(!sheet.editable(0, sheet.byName.nama));
  });

  test("lacks what is required only until something is typed, and an error goes with the typing", () => {
    sheet.rows[1].e.jumlah = [{ r: true, m: "Wajib diisi", c: [] }];
    assert.ok(sheet.missing(1, sheet.byName.jumlah));
    sheet.rows[0].e.jumlah = [{ m: "Bukan bilangan", c: [] }];
    assert.equal(sheet.faultsOf(0, sheet.byName.jumlah).length, 1);
    sheet.change([
      [0, "jumlah", ["11"]],
      [1, "jumlah", ["12"]],
    ]);
    assert.ok(!sheet.wrong(0, sheet.byName.jumlah) && !sheet.wrong(1, sheet.byName.jumlah));
  });

  test("is the same when nothing but emptiness was typed", () => {
    assert.equal(sheet.change([[1, "jumlah", [""]]]), 0);
    assert.ok(!sheet.unsent());
  });
});

suite("Taking back", () => {
  test("goes change by change, forth again, and not past a new change", () => {
    sheet.change([[0, "jumlah", ["11"]]]);
    sheet.change([[1, "jumlah", ["12"]]]);
    sheet.undo();
    assert.deepEqual([held(0, "jumlah"), held(1, "jumlah")], [["11"], []]);
    sheet.redo();
    assert.deepEqual(held(1, "jumlah"), ["12"]);
    sheet.undo();
    sheet.change([[2, "jumlah", ["13"]]]);
    sheet.redo();
    assert.deepEqual([held(1, "jumlah"), held(2, "jumlah")], [[], ["13"]]);
  });

  test("tells which cells changed, as every change does", () => {
    const told = [];
    sheet.changed = (places) => told.push(...places.map(({ r, name }) => `${r} ${name}`));
    sheet.change([[0, "jumlah", ["11"]]]);
    sheet.undo();
    assert.deepEqual(told, ["0 jumlah", "0 jumlah"]);
  });
});

suite("Moving", () => {
  test("stays within the table and marks what lies between", () => {
    selection.to(1, 1);
    selection.to(9, 9, true);
    assert.deepEqual(selection.range, { top: 1, bottom: 2, left: 1, right: 3 });
    selection.to(0, -1);
    assert.deepEqual(selection.range, { top: 0, bottom: 0, left: 0, right: 0 });
  });

  test("passes over rows that a filter hides", () => {
    selection.hidden = new Set([1]);
    assert.equal(selection.step(0, 1), 2);
    assert.equal(selection.step(2, 1), 2);
    assert.deepEqual([selection.first, selection.last], [0, 2]);
  });

  test("goes on to the next cell that takes a text, and out after the last", () => {
    assert.deepEqual(selection.nextEditable(0, 1, 1), [0, 3]); // a file is no text
    assert.deepEqual(selection.nextEditable(0, 3, 1), [1, 1]); // a name is given
    assert.equal(selection.nextEditable(2, 3, 1), null);
    assert.deepEqual(selection.nextEditable(1, 1, -1), [0, 3]);
  });

  test("goes from error to error, round and round", () => {
    sheet.rows[0].e.jumlah = [{ m: "Bukan bilangan", c: [] }];
    sheet.rows[2].e.catatan = [{ m: "Terlalu panjang", c: [] }];
    assert.deepEqual(selection.nextFault(1), [0, 1]);
    selection.to(0, 1);
    assert.deepEqual(selection.nextFault(1), [2, 0]); // a column of the panel: its row
    assert.deepEqual(selection.nextFault(-1), [2, 0]);
  });

  test("empties what is marked, but no file and nothing given", () => {
    selection.to(0, 0);
    selection.to(1, 3, true);
    assert.deepEqual(
      selection.emptied().map(([r, name]) => `${r} ${name}`),
      ["0 jumlah", "0 status", "1 jumlah", "1 status"],
    );
  });
});

suite("A filter", () => {
  test("leaves rows of a state, with a word, of a holder", () => {
    sheet.rows[0].s.nama = "Puskesmas Kota";
    sheet.rows[1].st = "faulty";
    const hidden = (wanted) => [...misfits(sheet, { holder: "nama" }, { state: "", words: "", holder: "", ...wanted })];
    assert.deepEqual(hidden({}), []);
    assert.deepEqual(hidden({ state: "perbaiki" }), [0, 2]);
    assert.deepEqual(hidden({ words: "kota" }), [1, 2]);
    assert.deepEqual(hidden({ words: "diterima" }), [0, 1]); // as it is shown
    assert.deepEqual(hidden({ holder: "Puskesmas Kota" }), [1, 2]);
  });
});

suite("Saving", () => {
  test("sends changed cells only, each with its row's key, and an emptied one as empty", () => {
    sheet.change([
      [0, "jumlah", ["11"]],
      [2, "status", []],
    ]);
    assert.deepEqual(sheet.fieldsOf(sheet.toSend().cells), [
      ["lembar.baris.0.kode", "K0"],
      ["lembar.baris.0.jumlah", "11"],
      ["lembar.baris.2.kode", "K2"],
      ["lembar.baris.2.status", ""],
    ]);
  });

  test("keeps what was typed on while it was on its way", () => {
    sheet.change([[0, "jumlah", ["11"]]]);
    const sent = sheet.toSend();
    sheet.change([[0, "jumlah", ["12"]]]);
    const rows = sheet.taken({ revision: 5, rows: [row(0, { jumlah: ["11"] })] }, sent);
    assert.deepEqual([rows, sheet.revision, held(0, "jumlah")], [[0], 5, ["12"]]);
    assert.deepEqual(sheet.toSend().cells, [["0 jumlah", ["12"]]]);
  });

  test("takes a file along, and forgets it when it arrived", () => {
    const file = { name: "bukti.png" };
    sheet.attach(1, sheet.byName.bukti, [file]);
    const sent = sheet.toSend();
    assert.deepEqual(sent.files, [["lembar.baris.1.bukti", file]]);
    sheet.taken({ revision: 5, rows: [row(1, { bukti: ["f1"] })] }, sent);
    assert.ok(!sheet.unsent());
    assert.deepEqual(held(1, "bukti"), ["f1"]);
  });
});

suite("Two versions", () => {
  const theirs = (rows) => ({ revision: 6, data: { rows } });

  test("go together where only one side changed a cell", () => {
    sheet.change([[0, "jumlah", ["11"]]]);
    sheet.meet(theirs([row(0, { jumlah: ["10"] }), row(1, { jumlah: ["99"] }), row(2, {})]), sheet.toSend());
    assert.equal(sheet.conflicts.size, 0);
    assert.deepEqual([held(0, "jumlah"), held(1, "jumlah")], [["11"], ["99"]]);
    assert.ok(sheet.unsent());
  });

  test("of one cell wait for the person, who keeps theirs or the other", () => {
    for (const [mine, text] of [
      [true, "11"],
      [false, "12"],
    ]) {
      sheet = sheetOf([row(0, { jumlah: ["10"] })]);
      sheet.change([[0, "jumlah", ["11"]]]);
      sheet.meet(theirs([row(0, { jumlah: ["12"] })]), sheet.toSend());
      assert.deepEqual(sheet.firstConflict(), [0, 1]);
      assert.ok(!sheet.unsent());
      sheet.settle("0 jumlah", mine);
      assert.deepEqual([held(0, "jumlah"), sheet.unsent()], [[text], mine]);
    }
  });

  test("find a row by its key when it has moved", () => {
    sheet.change([[1, "jumlah", ["7"]]]);
    const kept = JSON.parse(JSON.stringify(sheet.kept()));
    sheet = sheetOf([row(0, {}), row(5, {}, { k: "K1" })]);
    assert.equal(sheet.restore([...kept, ["K9", "9 jumlah", ["1"]], ["K0", "0 nama", ["x"]]]), 1);
    assert.deepEqual(sheet.toSend().cells, [["5 jumlah", ["7"]]]);
  });
});
