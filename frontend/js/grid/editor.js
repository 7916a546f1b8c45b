// Typing into a cell, in its place. What holds more than a cell can show is edited in the row's panel.
import { isFile, isMany, optionStarting } from "./columns.js";
import { cellControl } from "./fields.js";

export class Editor {
  constructor(grid) {
    this.grid = grid;
    this.open = null; // { cell, input, r, column } while one types
  }

  // Begins in the cell one is in; *typed* is the first letter, which takes the place of what stood there.
  begin(typed = null) {
    const { sheet, selection, say, notes, panel, table } = this.grid;
    const { r, c } = selection.focus;
    const column = sheet.columns[c];
    const texts = sheet.textsOf(r, column);
    if (!sheet.editable(r, column)) notes.tell(say("locked"));
    else if (isFile(column) || isMany(column)) panel.enter(column.name);
    else if (column.kind === "boolean") sheet.change([[r, column.name, texts.some(Boolean) ? [""] : ["ya"]]]);
    else {
      const own = texts[0] ?? "";
      const first = column.options.length ? ((typed && optionStarting(column, typed)) ?? own) : (typed ?? own);
      const input = cellControl(column, first, say, `${column.label}, ${sheet.nameOf(r)}`);
      this.edit({ cell: table.cells[r][c], input, r, column });
      if (typed === null) input.select?.();
    }
  }

  edit(open) {
    const { cell, input } = open;
    this.open = open;
    cell.replaceChildren(input);
    cell.classList.add("editing");
    input.focus();
    input.addEventListener("blur", () => this.open?.input === input && this.close(true));
    input.addEventListener("keydown", (event) => this.key(event, open));
  }

  close(take) {
    const { cell, input, r, column } = this.open;
    const { sheet, table } = this.grid;
    this.open = null;
    cell.classList.remove("editing");
    if (take) sheet.change([[r, column.name, [input.value]]]);
    table.drawCell(r, sheet.columns.indexOf(column));
    cell.focus({ preventScroll: true });
  }

  key(event, { r, column }) {
    const { grid } = this;
    event.stopPropagation();
    if (event.key === "Tab") return this.tab(event, r, column);
    if (event.key === "Escape") this.close(false);
    else if (event.key === "Enter" && !(event.altKey && column.kind === "long_text")) {
      this.close(true);
      grid.go(grid.selection.step(r, event.shiftKey ? -1 : 1), grid.selection.focus.c);
    } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      this.close(true);
      grid.sync.save();
    } else return undefined;
    return event.preventDefault();
  }

  // To the next cell that can be typed in; out of the grid after the last.
  tab(event, r, column) {
    const { grid } = this;
    const { columns } = grid.sheet;
    this.close(true);
    const next = grid.selection.nextEditable(r, columns.indexOf(column), event.shiftKey ? -1 : 1);
    if (!next) return;
    event.preventDefault();
    grid.go(...next);
    const there = columns[next[1]];
    if (!isMany(there) && there.kind !== "boolean") this.begin();
  }
}
