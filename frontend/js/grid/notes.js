// The lines around the table: what was done, with a way back, and what is wrong with the cell one is in.
import { button, h } from "../elements.js";

export class Notes {
  constructor(grid) {
    Object.assign(this, { grid, sheet: grid.sheet, say: grid.say });
    this.status = h("p", { class: "grid-status", role: "status" });
    this.wrong = h("div", { id: "kisi-kesalahan", class: "grid-fault" });
  }

  tell(text, undoable = false) {
    this.status.replaceChildren(text);
    if (!undoable) return;
    const undo = () => {
      this.sheet.undo();
      this.tell(this.say("undone"));
    };
    this.status.append(" ", button(this.say("undo"), undo));
  }

  explain() {
    this.wrong.replaceChildren();
    if (!this.sheet.rows.length) return;
    const { r, c } = this.grid.selection.focus;
    const column = this.sheet.columns[c];
    if (this.sheet.clashes(r, column)) this.explainConflict(this.sheet.at(r, column.name));
    else for (const fault of this.sheet.faultsOf(r, column)) this.explainFault(fault, r, column);
  }

  explainConflict(at) {
    const { sheet, say } = this;
    const words = (texts) => ({ value: (texts ?? []).join("; ") || say("empty") });
    this.wrong.append(
      say("conflict"),
      " ",
      button(say("mine", words(sheet.dirty.get(at))), () => this.grid.settle(at, true)),
      " ",
      button(say("theirs", words(sheet.conflicts.get(at))), () => this.grid.settle(at, false)),
    );
  }

  // A fault offers its readings, and each for all cells of the column that have it too.
  explainFault(fault, r, column) {
    const { sheet } = this;
    this.wrong.append(h("span", { class: "bad" }, "⚠ ", fault.m));
    fault.c.forEach(([value, reading], which) => {
      this.wrong.append(
        " ",
        button(reading, () => sheet.change([[r, column.name, [value]]])),
      );
      const choice = (at) => sheet.faultsOf(at, column).find((each) => each.c[which])?.c[which][0];
      const similar = sheet.rows.map((_, at) => at).filter((at) => choice(at) !== undefined);
      if (similar.length < 2) return;
      const all = () => sheet.change(similar.map((at) => [at, column.name, [choice(at)]]));
      this.wrong.append(" ", button(`${reading}: ${this.say("similar", { n: similar.length })}`, all));
    });
  }
}
