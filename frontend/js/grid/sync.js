// Between the grid and the server: only changed cells are sent, and what cannot be sent is kept in this browser.
import { keyOf } from "../drafts.js";
import { SHOWN } from "../files.js";
import { BEACON, Saver, choose, tab, told } from "../saving.js";

const UNSENT = ["typing", "local", "lost", "ended"]; // states in which something is here alone

export class Sync {
  constructor(grid) {
    const { data, sheet } = grid;
    Object.assign(this, { grid, sheet, url: data.url, key: keyOf(`${data.url}#kisi`) });
    this.going = { cells: [], files: [] };
    this.saver = new Saver({
      dirty: () => sheet.unsent(),
      store: () => this.remember(),
      post: (options) => this.post(options),
      taken: (said) => this.taken(said),
      conflict: (said) => this.conflict(said),
      show: (kind, said) => this.show(kind, said),
    });
  }

  save() {
    this.saver.save();
  }

  soon(wait) {
    if (wait === undefined) this.saver.touch();
    else this.saver.soon(wait);
  }

  remember() {
    try {
      if (this.sheet.dirty.size) localStorage.setItem(this.key, JSON.stringify(this.sheet.kept()));
      else localStorage.removeItem(this.key);
      return true;
    } catch {
      return false;
    }
  }

  // What this browser could not send: put where its rows are now.
  restore() {
    const n = this.sheet.restore(JSON.parse(localStorage.getItem(this.key) || "[]"));
    if (n) this.grid.notes.tell(this.grid.say("restored", { n }), true);
    else localStorage.removeItem(this.key);
  }

  post({ keepalive = false }) {
    this.going = this.sheet.toSend();
    const small = !this.going.files.length && JSON.stringify(this.going.cells).length * 2 < BEACON;
    return fetch(this.url, {
      method: "POST",
      body: this.body(),
      keepalive: keepalive && small,
      headers: { "X-Alur-Background": "1" },
    });
  }

  body() {
    const form = new FormData();
    form.set("csrf_token", document.querySelector('[name="csrf_token"]').value);
    form.set("_revisi", this.sheet.revision);
    form.set("_tab", tab());
    for (const [name, text] of this.sheet.fieldsOf(this.going.cells)) form.append(name, text);
    for (const id of this.sheet.shown()) form.append(SHOWN, id);
    for (const [name, file] of this.going.files) form.append(name, file);
    return form;
  }

  taken(said) {
    const { table, notes, panel, actions } = this.grid;
    const sent = this.sheet.files.length > 0;
    this.sheet.taken(said, this.going).forEach((r) => table.draw(r));
    actions.facts(said.facts);
    this.remember();
    notes.explain();
    if (said.refused.length) notes.tell(said.refused.join(" "));
    if (panel.shown && sent) panel.open();
  }

  conflict(said) {
    if (said.data) this.meet(said);
    else if (said.kept) choose(said);
    return Boolean(said.data);
  }

  meet(said) {
    const { sheet, grid } = this;
    sheet.meet(said, this.going);
    grid.table.build();
    grid.filters.show();
    grid.actions.facts(said.data.facts);
    grid.notes.tell(said.message);
    grid.actions.mark("conflict", sheet.conflicts.size ? `⚠ ${grid.say("conflict")}` : "");
    if (sheet.conflicts.size) grid.go(...sheet.firstConflict());
    if (sheet.dirty.size > sheet.conflicts.size) this.soon(100);
  }

  show(kind, said) {
    const { size } = this.sheet.dirty;
    const cells = UNSENT.includes(kind) && size ? ` · ${this.grid.say("unsaved_cells", { n: size })}` : "";
    this.grid.actions.mark(kind, told(kind, said) + cells);
  }
}
