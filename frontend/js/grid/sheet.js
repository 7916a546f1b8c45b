// What the grid holds: the rows as the server has them, what was typed since, and what takes it back. It knows no page.
//
// Of a row: i its number, k its key, v the texts of its cells, s what they show, e what is wrong with them (m the
// message, c readings to choose from, r whether a value is missing), h hidden columns, l whether it is locked, g
// columns that follow from others, st its state, n a note, f its files, ok whether it can be accepted. A cell that was
// typed in goes by "row column".
import { isFile, isMany, isNumeric, labelOf } from "./columns.js";

const UNDOABLE = 50;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const filled = (texts) => texts.filter(Boolean);
const split = (at) => {
  const [i, name] = at.split(" ");
  return [Number(i), name];
};

export class Sheet {
  constructor(data, say) {
    Object.assign(this, { say, path: data.path, filling: data.filling, key: data.key });
    this.all = data.columns;
    const told = data.verify && !data.verify.decides ? [data.verify.column, data.verify.note] : []; // beside the row
    const says = (column) =>
      column.computed || (!told.includes(column.name) && data.rows.some((row) => row.s[column.name]));
    this.columns = data.columns.filter((column) => !column.aside && (!column.given || says(column)));
    this.byName = Object.fromEntries(data.columns.map((column) => [column.name, column]));
    this.rows = data.rows;
    this.revision = data.revision;
    this.dirty = new Map(); // cell -> texts that the server has not got
    this.conflicts = new Map(); // cell -> what the server holds
    this.files = []; // [path, file] that the server has not got
    this.past = [];
    this.future = [];
    this.changed = () => {}; // told of [{ r, name }], whichever way they changed
  }

  // ── what cells hold ──
  at(r, name) {
    return `${this.rows[r].i} ${name}`;
  }

  rowOf(i) {
    return this.rows.findIndex((row) => row.i === i);
  }

  columnOf(name) {
    return this.columns.findIndex((column) => column.name === name);
  }

  // Of a locked row nobody types anything, nor what follows from the rest of the row.
  given(r, column) {
    return column.given || this.rows[r].l || (this.rows[r].g?.includes(column.name) ?? false);
  }

  textsOf(r, column) {
    return this.dirty.get(this.at(r, column.name)) ?? this.rows[r].v[column.name] ?? [];
  }

  textOf(r, column) {
    if (this.given(r, column)) return this.rows[r].s[column.name] ?? "";
    return filled(this.textsOf(r, column)).join("; ");
  }

  shownOf(r, column) {
    if (this.given(r, column)) return this.rows[r].s[column.name] ?? "";
    const texts = filled(this.textsOf(r, column));
    if (isFile(column)) return texts.length ? this.say("files", { n: texts.length }) : "";
    if (column.kind === "boolean") return texts.length ? this.say("yes") : "";
    return texts.map((text) => labelOf(column, text)).join("; ");
  }

  // What goes to a spreadsheet: what is typed, or what is shown where that is a code.
  copyOf(r, column) {
    return column.options.length || this.given(r, column) ? this.shownOf(r, column) : this.textOf(r, column);
  }

  editable(r, column) {
    return this.filling && !this.given(r, column) && !this.rows[r].h.includes(column.name);
  }

  faultsOf(r, column) {
    return (this.rows[r].e[column.name] ?? []).filter((fault) => !fault.r);
  }

  missing(r, column) {
    return (this.rows[r].e[column.name] ?? []).some((fault) => fault.r) && !this.textsOf(r, column).some(Boolean);
  }

  clashes(r, column) {
    return this.conflicts.has(this.at(r, column.name));
  }

  wrong(r, column) {
    return this.faultsOf(r, column).length > 0 || this.missing(r, column) || this.clashes(r, column);
  }

  nameOf(r) {
    return this.rows[r].k || this.say("row", { n: this.rows[r].i + 1 });
  }

  // The columns that need room: long texts, and whatever shows one.
  wide() {
    const long = (column) =>
      column.kind === "long_text" || this.rows.some((_, r) => this.shownOf(r, column).length > 40);
    return new Set(this.columns.filter((column) => !isNumeric(column) && long(column)).map((column) => column.name));
  }

  // The columns by which one knows a row: those that nobody types, at the beginning, two at most.
  pinned() {
    const typed = this.columns.findIndex((column) => !column.given || isNumeric(column));
    const first = this.columns.slice(0, typed < 0 ? 2 : Math.min(typed, 2));
    return (first.length ? first : this.columns.slice(0, 1)).map((column) => column.name);
  }

  // ── changing ──
  put(r, name, texts) {
    this.dirty.set(this.at(r, name), texts);
    this.conflicts.delete(this.at(r, name));
    this.rows[r].e[name] = [];
  }

  // Changes [row, column's name, texts]; how many were not so before.
  change(list) {
    const held = (r, name) => this.textsOf(r, this.byName[name]);
    const done = list
      .filter(([r, name, texts]) => !same(filled(held(r, name)), filled(texts)))
      .map(([r, name, texts]) => ({ r, name, old: [...held(r, name)], now: texts }));
    if (!done.length) return 0;
    done.forEach(({ r, name, now }) => this.put(r, name, now));
    this.past.push(done);
    if (this.past.length > UNDOABLE) this.past.shift();
    this.future.length = 0;
    this.changed(done);
    return done.length;
  }

  undo() {
    this.again(this.past, this.future, "old");
  }

  redo() {
    this.again(this.future, this.past, "now");
  }

  again(from, to, which) {
    const batch = from.pop();
    if (!batch) return;
    to.push(batch);
    batch.forEach((each) => this.put(each.r, each.name, each[which]));
    this.changed(batch);
  }

  // Files go with the next saving; the cell keeps what it held where it may hold several.
  attach(r, column, files) {
    const kept = isMany(column) ? filled(this.textsOf(r, column)) : [];
    this.dirty.set(this.at(r, column.name), ["", ...kept]);
    this.files.push(...files.map((file) => [`${this.path}.${this.rows[r].i}.${column.name}`, file]));
  }

  // ── between this browser and the server ──

  // Whether there is something to send: a cell that waits for a person's choice is not sent.
  unsent() {
    return this.files.length > 0 || [...this.dirty.keys()].some((at) => !this.conflicts.has(at));
  }

  toSend() {
    return { cells: [...this.dirty].filter(([at]) => !this.conflicts.has(at)), files: this.files };
  }

  // The fields of a form that changes *cells*; rows that have a key say which they are.
  fieldsOf(cells) {
    return cells.flatMap(([at, texts]) => {
      const [i, name] = split(at);
      const row = this.rows[this.rowOf(i)];
      const key = this.key && row?.k ? [[`${this.path}.${i}.${this.key}`, row.k]] : [];
      return [...key, ...(texts.length ? texts : [""]).map((text) => [`${this.path}.${i}.${name}`, text])];
    });
  }

  // The files that the rows show: a save removes no other.
  shown() {
    return this.rows.flatMap((row) => Object.values(row.f ?? {}).flatMap((files) => files.map(([id]) => id)));
  }

  // The server has *sent* and says which rows differ now; their places.
  taken(said, sent) {
    this.revision = said.revision;
    for (const [at, texts] of sent.cells) if (this.dirty.get(at) === texts) this.dirty.delete(at);
    this.files = this.files.filter((each) => !sent.files.includes(each));
    return said.rows.map((row) => {
      const r = this.rowOf(row.i);
      this.rows[r] = row;
      return r;
    });
  }

  // Somebody saved from elsewhere: cells that only one side changed go together, of the others the person chooses.
  meet(said, sent) {
    const before = Object.fromEntries(this.rows.map((row) => [row.k ?? row.i, row]));
    this.rows = said.data.rows;
    this.revision = said.revision;
    for (const [at, texts] of sent.cells) {
      const [i, name] = split(at);
      const row = this.rows[this.rowOf(i)];
      const theirs = row?.v[name] ?? [];
      const base = before[row?.k ?? i]?.v[name] ?? [];
      if (!same(theirs, base) && !same(theirs, filled(texts))) this.conflicts.set(at, theirs);
    }
  }

  // The person chose; *mine* is to be sent, theirs is already there.
  settle(at, mine) {
    this.conflicts.delete(at);
    if (!mine) this.dirty.delete(at);
  }

  firstConflict() {
    const [i, name] = split(this.conflicts.keys().next().value);
    return [this.rowOf(i), Math.max(0, this.columnOf(name))];
  }

  // What this browser keeps of it until the server has it, and puts where its rows are then.
  kept() {
    const typed = [...this.dirty].filter(([at]) => !isFile(this.byName[split(at)[1]])); // files are the server's
    return typed.map(([at, texts]) => [this.rows[this.rowOf(split(at)[0])]?.k, at, texts]);
  }

  restore(kept) {
    let n = 0;
    for (const [key, at, texts] of kept) {
      const [i, name] = split(at);
      const r = this.rows.findIndex((row) => (key ? row.k === key : row.i === i));
      if (r < 0 || !this.byName[name] || !this.editable(r, this.byName[name])) continue;
      n += this.change([[r, name, texts]]);
    }
    return n;
  }
}
