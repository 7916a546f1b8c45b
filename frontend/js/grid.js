// The grid of a table. It builds itself from the JSON in the page, sends only changed cells, and decides nothing: what
// is computed and what is wrong comes back from the server. On a phone the page's own fields stay, a row at a time.
import { h } from "./elements.js";
import { Actions } from "./grid/actions.js";
import { Cards } from "./grid/cards.js";
import { followClipboard } from "./grid/clipboard.js";
import { Editor } from "./grid/editor.js";
import { Filters } from "./grid/filters.js";
import { followHands } from "./grid/hands.js";
import { followFigures } from "./grid/living.js";
import { Notes } from "./grid/notes.js";
import { Panel } from "./grid/panel.js";
import { Proofs } from "./grid/proofs.js";
import { Returning } from "./grid/returning.js";
import { Selection } from "./grid/selection.js";
import { Sheet } from "./grid/sheet.js";
import { Sync } from "./grid/sync.js";
import { Table } from "./grid/table.js";
import { phrases } from "./phrases.js";

const COMPUTE = 300; // how soon what follows from a cell is asked for

class Grid {
  constructor(data, host, plain) {
    Object.assign(this, { data, plain, say: phrases(data.words) });
    this.decides = data.verify?.decides && data.filling;
    this.sheet = new Sheet(data, this.say);
    this.selection = new Selection(this.sheet);
    this.table = new Table(this);
    this.notes = new Notes(this);
    this.panel = new Panel(this);
    this.proofs = new Proofs(this);
    this.editor = new Editor(this);
    this.filters = new Filters(this);
    this.sync = new Sync(this);
    this.actions = new Actions(this);
    if (this.decides) this.returning = new Returning(this);
    this.sheet.changed = (places) => this.changed(places);
    followClipboard(this);
    followHands(this);
    this.show(host);
  }

  show(host) {
    const title = document.querySelector("h1").textContent;
    const keys = h("p", { class: "form-hint grid-keys", id: "kisi-judul" }, title, ". ", this.say("keys"));
    const { notes, table, panel, actions } = this;
    host.append(table.scroll, panel.element, this.proofs.element, notes.status, notes.wrong, keys, actions.element);
    if (this.returning) host.append(this.returning.element);
    host.hidden = false;
    this.plain.remove();
    table.build();
    this.filters.show();
    actions.facts(this.data.facts);
    this.sync.restore();
    addEventListener("hashchange", () => this.jump());
    this.jump();
    addEventListener("beforeunload", (event) => {
      if (this.sheet.dirty.size) this.sync.remember();
      if (this.sheet.files.length) event.preventDefault(); // cells are kept here, a file is not
    });
  }

  changed(places) {
    for (const { r, name } of places) {
      const c = this.sheet.columnOf(name);
      if (c >= 0) this.table.drawCell(r, c);
    }
    this.sync.remember();
    this.notes.explain();
    this.sync.soon();
    if (this.sheet.all.some((column) => column.computed || column.derived)) this.sync.soon(COMPUTE);
  }

  // Goes to a cell. Leaving a row saves it.
  go(r, c, extend = false) {
    const { sheet, selection, table, notes, panel } = this;
    if (!sheet.rows.length) return;
    const from = selection.focus;
    selection.to(r, c, extend);
    const { focus } = selection;
    const cell = table.cells[focus.r][focus.c];
    table.tabStop(from, false);
    table.tabStop(focus, true);
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    table.mark(selection);
    notes.explain();
    if (from.r === focus.r) return;
    if (sheet.dirty.size) this.sync.soon(400);
    if (panel.shown) panel.open();
    if (this.proofs.shown) this.proofs.open();
  }

  nextFault(by) {
    const next = this.selection.nextFault(by);
    if (next) this.go(...next);
  }

  settle(at, mine) {
    this.sheet.settle(at, mine);
    this.table.drawAll();
    this.notes.explain();
    this.sync.soon(mine ? 100 : 0);
  }

  // To the cell that the address names, of a column that is only in the panel, to its row; else to the first cell.
  jump() {
    const place = location.hash.slice(1);
    const { table, sheet } = this;
    table.cells.forEach((cells, r) => cells.forEach((cell, c) => cell.id === place && this.go(r, c)));
    const row = (each) => place.startsWith(`f-${sheet.path.replaceAll(".", "-")}-${each.i}-`);
    const folded = place ? sheet.rows.findIndex(row) : 0;
    if (folded >= 0 && !document.getElementById(place)) this.go(folded, 0);
  }
}

const source = document.getElementById("isi-tabel");
const host = document.getElementById("kisi");
const plain = document.querySelector("[data-plain-grid]");
if (plain) followFigures(plain);
if (source && host && plain) {
  const data = JSON.parse(source.textContent);
  if (matchMedia("(min-width: 576px)").matches) new Grid(data, host, plain);
  else new Cards(data, plain, phrases(data.words));
}
