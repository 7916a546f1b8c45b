// Where one is in the grid, and what is marked. It knows which rows a filter hides, and no page.
import { isFile } from "./columns.js";

const within = (value, count) => Math.max(0, Math.min(count - 1, value));

export class Selection {
  constructor(sheet) {
    this.sheet = sheet;
    this.focus = { r: 0, c: 0 };
    this.anchor = null; // the other corner of what is marked
    this.hidden = new Set();
  }

  visible(r) {
    return !this.hidden.has(r);
  }

  get shown() {
    return this.sheet.rows.map((_, r) => r).filter((r) => this.visible(r));
  }

  get first() {
    return this.shown[0] ?? -1;
  }

  get last() {
    return this.shown.at(-1) ?? this.sheet.rows.length;
  }

  get range() {
    const from = this.anchor ?? this.focus;
    const { focus } = this;
    return {
      top: Math.min(from.r, focus.r),
      bottom: Math.max(from.r, focus.r),
      left: Math.min(from.c, focus.c),
      right: Math.max(from.c, focus.c),
    };
  }

  // Moves to a cell, or the nearest there is; marks what lies between if it extends.
  to(r, c, extend = false) {
    if (extend) this.anchor ??= { ...this.focus };
    else this.anchor = null;
    this.focus = { r: within(r, this.sheet.rows.length), c: within(c, this.sheet.columns.length) };
  }

  all() {
    this.anchor = { r: this.first, c: 0 };
    this.focus = { r: this.last, c: this.sheet.columns.length - 1 };
  }

  // The next row that is shown; the same one where there is none.
  step(r, by) {
    let next = r + by;
    while (this.sheet.rows[next] && !this.visible(next)) next += by;
    return this.sheet.rows[next] ? next : r;
  }

  // The rows of what is marked that are shown, each with its columns.
  marked() {
    const { top, bottom, left, right } = this.range;
    const columns = this.sheet.columns.slice(left, right + 1);
    return this.shown.filter((r) => r >= top && r <= bottom).map((r) => ({ r, columns }));
  }

  // What emptying the marked cells changes.
  emptied() {
    const open = (r) => (column) => this.sheet.editable(r, column) && !isFile(column);
    return this.marked().flatMap(({ r, columns }) => columns.filter(open(r)).map((column) => [r, column.name, [""]]));
  }

  // The next cell that can be typed in, row by row; null at the end.
  nextEditable(r, c, by) {
    const { columns, rows } = this.sheet;
    for (let at = r * columns.length + c + by; at >= 0 && at < rows.length * columns.length; at += by) {
      const place = [Math.floor(at / columns.length), at % columns.length];
      const column = columns[place[1]];
      if (this.visible(place[0]) && this.sheet.editable(place[0], column) && !isFile(column)) return place;
    }
    return null;
  }

  // The next cell with something wrong, round and round; of a column that is not in the grid, its row's first cell.
  nextFault(by) {
    const wrong = (r) => this.sheet.all.filter((column) => this.sheet.wrong(r, column));
    const all = this.shown.flatMap((r) => wrong(r).map(({ name }) => [r, Math.max(0, this.sheet.columnOf(name))]));
    const place = ([r, c]) => r * 1000 + c;
    const here = place([this.focus.r, this.focus.c]);
    if (by > 0) return all.find((each) => place(each) > here) ?? all[0];
    return all.findLast((each) => place(each) < here) ?? all.at(-1);
  }
}
