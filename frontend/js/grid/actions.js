// The bar below the table: how much is filled in, what became of the saving, and what one does with the whole table.
import { h } from "../elements.js";

export class Actions {
  constructor(grid) {
    Object.assign(this, { grid, say: grid.say });
    this.count = h("p", { class: "draft-state grid-count" });
    this.state = h("span", { role: "status", class: "muted" });
    if (grid.decides) this.accept = h("button", { type: "button", class: "btn", onclick: () => this.acceptAll() });
    this.element = h(
      "div",
      { class: "action-bar grid-bar" },
      this.addRow(),
      this.count,
      this.state,
      this.accept,
      this.saveButton(),
    );
  }

  saveButton() {
    const { data, plain, sync } = this.grid;
    const own = data.filling && plain.querySelector(".action-bar button:not([name])");
    if (!own) return null;
    return h("button", { type: "button", class: "btn btn-primary", onclick: () => sync.save() }, own.textContent);
  }

  // A new row is a submit of the page's own form, once everything typed is with the server.
  addRow() {
    const { data, plain, sheet, sync } = this.grid;
    const own = data.filling && plain.querySelector('[name="_tambah"]');
    if (!own) return null;
    const label = own.firstChild.textContent.trim();
    const button = h("button", { type: "submit", class: "btn btn-sm", name: "_tambah", value: data.path }, label);
    const revision = h("input", { type: "hidden", name: "_revisi" });
    const token = plain.querySelector('[name="csrf_token"]').cloneNode();
    const form = h("form", { method: "post", action: data.url }, token, revision, button);
    form.addEventListener("submit", (event) => {
      if (!sync.saver.dirty() && !sync.saver.running) return void (revision.value = sheet.revision);
      event.preventDefault();
      return sync.saver.flush().then((done) => done && form.requestSubmit(button));
    });
    return form;
  }

  acceptAll() {
    const { sheet, sync, notes, data } = this.grid;
    const { column, accept } = data.verify;
    const open = (r) => sheet.rows[r].ok && !sheet.textsOf(r, sheet.byName[column]).includes(accept);
    const rows = sheet.rows.map((_, r) => r).filter(open);
    const n = sheet.change(rows.map((r) => [r, column, [accept]]));
    notes.tell(this.say("accepted", { n }), true);
    sync.save();
  }

  // What the server counts in the table now.
  facts(now) {
    this.count.textContent = this.say("filled", now);
    this.grid.filters.count(now);
    if (!this.accept) return;
    this.accept.hidden = !now.acceptable;
    this.accept.textContent = this.say("accept_all", { n: now.acceptable });
  }

  mark(kind, text) {
    this.state.dataset.state = kind;
    this.state.textContent = text;
  }
}
