// Returning one row: one click and one reason. The row goes back at once, with those that were marked before; or it is
// marked as well, while one looks at the others.
import { button, h } from "../elements.js";

const SHORTEST = 3; // letters of a reason

export class Returning {
  constructor(grid) {
    const { say, data } = grid;
    Object.assign(this, { grid, say });
    const { sends } = data.verify;
    this.title = h("h2", { id: "kisi-kembalikan" });
    this.wrong = h("div", { id: "kisi-alasan-salah", class: "invalid-feedback", role: "alert", hidden: true });
    this.wrong.textContent = `⚠ ${say("return_short")}`;
    this.reason = h("textarea", {
      id: "kisi-alasan",
      class: "form-control",
      rows: 3,
      maxlength: 1000,
      "aria-describedby": "kisi-alasan-salah",
      onkeydown: (event) => this.key(event),
    });
    this.others = h("p", { class: "form-hint" });
    this.main = h("button", { type: "submit", class: "btn btn-primary" }, say("return_now"));
    const mark = sends && button(say("return_mark"), () => this.give(false), { class: "btn" });
    const form = h(
      "form",
      { class: "stack", novalidate: true },
      this.title,
      h("label", { class: "form-label", for: "kisi-alasan" }, say("return_why")),
      this.wrong,
      this.reason,
      sends && this.others,
      h(
        "div",
        { class: "button-row" },
        this.main,
        mark,
        button(say("cancel"), () => this.element.close(), { class: "btn" }),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.give(sends);
    });
    this.element = h("dialog", { class: "card grid-return", "aria-labelledby": "kisi-kembalikan" }, form);
  }

  ask(r) {
    const { sheet, data } = this.grid;
    const { column, refuse, note } = data.verify;
    this.r = r;
    this.title.textContent = this.say("return_row", { n: sheet.rows[r].i + 1, key: sheet.rows[r].k || "" });
    this.reason.value = note ? (sheet.textsOf(r, sheet.byName[note])[0] ?? "") : "";
    const marked = (at) => at !== r && sheet.textsOf(at, sheet.byName[column]).includes(refuse);
    const n = sheet.rows.filter((_, at) => marked(at)).length;
    this.others.textContent = this.say(n > 0 ? "return_others" : "return_only", { n });
    this.wrong.hidden = true;
    this.element.showModal();
    this.reason.focus();
  }

  // Enter hands the reason in; with Shift it begins a line.
  key(event) {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    this.main.click();
  }

  async give(send) {
    const { sheet, sync, notes, data, table } = this.grid;
    const { column, refuse, note } = data.verify;
    const reason = this.reason.value.trim();
    this.wrong.hidden = reason.length >= SHORTEST;
    if (!this.wrong.hidden) return void this.reason.focus();
    const { r } = this;
    const cells = [[r, column, [refuse]]];
    if (note) cells.push([r, note, [reason]]);
    sheet.change(cells);
    this.element.close();
    table.lines[r].querySelector("[data-deed=return]").focus();
    notes.tell(this.say("returned"), true);
    if (await sync.saver.flush()) if (send) this.send(sheet.rows[r]);
  }

  send(row) {
    const { data, sheet, plain } = this.grid;
    const field = (name, value) => h("input", { type: "hidden", name, value });
    const key = sheet.key && row.k && field(`${data.path}.${row.i}.${sheet.key}`, row.k);
    const token = plain.querySelector('[name="csrf_token"]').cloneNode();
    const revision = field("_revisi", sheet.revision);
    const form = h("form", { method: "post", action: data.url, hidden: true }, token, revision, key);
    form.append(field("_kembalikan", row.i));
    document.body.append(form);
    form.submit();
  }
}
