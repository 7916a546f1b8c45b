// The table as one sees it: its head, its cells, and what each says of itself. APG grid: one Tab stop, a roving
// tabindex.
import { h } from "../elements.js";
import { isNumeric } from "./columns.js";

const LONG = 40; // letters, from which on a cell says the whole text when pointed at

export class Table {
  constructor(grid) {
    const { data, sheet, say } = grid;
    Object.assign(this, { grid, sheet, say });
    this.wide = sheet.wide();
    this.pinned = sheet.pinned();
    this.body = h("tbody", { role: "rowgroup" });
    this.element = h(
      "table",
      {
        role: "grid",
        class: grid.decides ? "grid grid-decides" : "grid",
        "aria-rowcount": sheet.rows.length + 1,
        "aria-labelledby": "kisi-judul",
        "aria-readonly": data.filling ? null : "true",
        "aria-multiselectable": "true",
      },
      h("thead", { role: "rowgroup" }, this.head()),
      this.body,
    );
    this.scroll = h("div", { class: "grid-scroll" }, this.element);
  }

  head() {
    const { say } = this;
    const cell = (attributes, ...content) => h("th", { scope: "col", role: "columnheader", ...attributes }, ...content);
    const star = (column) =>
      column.required && !column.given && h("span", { class: "bad", "aria-hidden": "true" }, " *");
    return h(
      "tr",
      { role: "row", "aria-rowindex": 1 },
      cell({ class: "grid-no" }, say("number")),
      this.sheet.columns.map((column) =>
        cell(
          { class: `kind-${column.kind} ${this.pinOf(column)}`, title: column.help || null },
          column.computed ? "= " : "",
          column.label,
          star(column),
          column.unit ? ` (${column.unit})` : "",
        ),
      ),
      this.grid.data.evidence && cell({ class: "grid-evidence" }, say("evidence")),
      cell({ class: "grid-state" }, say("state")),
      this.grid.decides && cell({ class: "grid-verify" }, say("verify")),
    );
  }

  build() {
    this.cells = []; // [row][column] -> td
    this.marks = [];
    this.lines = [];
    this.sheet.rows.forEach((row, r) => {
      const cells = this.sheet.columns.map((column, c) =>
        h("td", { role: "gridcell", tabindex: -1, "data-c": c, id: this.idOf(row, column) }),
      );
      const mark = h("td", { class: "grid-state" });
      const number = h("th", { scope: "row", role: "rowheader", class: "grid-no" }, String(row.i + 1));
      const deeds = this.grid.decides && this.deeds(r);
      this.cells.push(cells);
      this.marks.push(mark);
      const proof = this.grid.data.evidence && this.proof(r);
      const line = { role: "row", "aria-rowindex": r + 2, "data-row": r };
      this.lines.push(h("tr", line, number, ...cells, proof, mark, deeds));
      this.draw(r);
    });
    this.body.replaceChildren(...this.lines);
    const { r, c } = this.grid.selection.focus;
    (this.cells[r]?.[c] ?? this.cells[0]?.[0])?.setAttribute("tabindex", "0");
  }

  // Which of the columns that stay in sight a column is.
  pinOf(column) {
    return ["pin-1", "pin-2"][this.pinned.indexOf(column.name)] ?? "";
  }

  idOf(row, column) {
    return `f-${`${this.sheet.path}.${row.i}.${column.name}`.replaceAll(".", "-")}`;
  }

  deeds(r) {
    const deed = (name) =>
      h(
        "button",
        {
          type: "button",
          class: "btn btn-sm",
          tabindex: -1,
          "data-deed": name,
          "aria-label": `${this.say(name)}: ${this.sheet.nameOf(r)}`,
        },
        this.say(name),
      );
    return h("td", { class: "grid-verify" }, deed("accept"), " ", deed("return"));
  }

  // How many files there are about the row, which are shown beside it.
  proof(r) {
    const n = this.sheet.rows[r].b.length;
    const label = `${this.say("evidence")}: ${this.sheet.nameOf(r)}, ${this.say("files", { n })}`;
    const open = { type: "button", class: "btn btn-sm", tabindex: -1, "data-proof": true, "aria-label": label };
    return h("td", { class: "grid-evidence" }, n > 0 ? h("button", open, String(n)) : "–");
  }

  draw(r) {
    this.sheet.columns.forEach((_, c) => this.drawCell(r, c));
    const { st: state, n: note } = this.sheet.rows[r];
    const noted = note && (state === "returned" || state === "changed" || !this.grid.decides);
    this.marks[r].replaceChildren(h("span", { class: `row-state row-${state}` }, this.say(`st-${state}`)));
    if (noted) this.marks[r].append(h("span", { class: "row-note" }, note));
  }

  drawAll() {
    this.sheet.rows.forEach((_, r) => this.draw(r));
  }

  drawCell(r, c) {
    const { sheet, say } = this;
    const column = sheet.columns[c];
    const cell = this.cells[r][c];
    if (this.grid.editor.open?.cell === cell) return;
    const shown = sheet.shownOf(r, column);
    const faults = sheet.faultsOf(r, column);
    const clash = sheet.clashes(r, column);
    const gap = sheet.missing(r, column);
    const editable = sheet.editable(r, column);
    const follows = sheet.rows[r].g?.includes(column.name);
    const classes = {
      [`kind-${column.kind}`]: true,
      num: isNumeric(column),
      wide: this.wide.has(column.name),
      locked: !editable,
      wrong: faults.length || clash,
      gap,
      dirty: sheet.dirty.has(sheet.at(r, column.name)),
      [this.pinOf(column)]: true,
    };
    cell.className = Object.keys(classes)
      .filter((name) => name && classes[name])
      .join(" ");
    const facts = [
      !shown && say("empty"),
      gap && say("required"),
      follows ? say("computed") : !editable && say("locked"),
      faults.length && say("fault"),
    ].filter(Boolean);
    const sign = faults.length > 0 ? h("span", { class: "bad", "aria-hidden": "true" }, "⚠ ") : follows && "= ";
    cell.replaceChildren(h("span", { class: "cell-text" }, sign, shown));
    if (facts.length) cell.append(h("span", { class: "visually-hidden" }, ` ${facts.join(", ")}`));
    const toggle = (name, value) => (value ? cell.setAttribute(name, value) : cell.removeAttribute(name));
    toggle("aria-readonly", !editable && "true");
    toggle("aria-invalid", (faults.length || clash) && "true");
    toggle("aria-errormessage", faults.length && "kisi-kesalahan");
    const how = follows ? column.help : shown.length > LONG ? shown : "";
    toggle("title", faults.map((fault) => fault.m).join(" ") || how);
  }

  // Only rows that a filter left over are seen.
  hide(hidden) {
    this.lines.forEach((line, r) => (line.hidden = hidden.has(r)));
  }

  tabStop({ r, c }, stop) {
    this.cells[r]?.[c]?.setAttribute("tabindex", stop ? "0" : "-1");
  }

  mark({ anchor, range }) {
    this.body.querySelectorAll("[aria-selected]").forEach((cell) => cell.removeAttribute("aria-selected"));
    if (!anchor) return;
    for (const cells of this.cells.slice(range.top, range.bottom + 1))
      for (const cell of cells.slice(range.left, range.right + 1)) cell.setAttribute("aria-selected", "true");
  }

  // How many rows fit on the screen.
  page(r) {
    return Math.max(1, Math.floor(this.scroll.clientHeight / (this.lines[r].offsetHeight || 40)) - 1);
  }
}
