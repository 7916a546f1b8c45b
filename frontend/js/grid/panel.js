// The panel of a row: what explains it, its long texts, its files.
import { button, h } from "../elements.js";
import { fileLink, panelField } from "./fields.js";

// The files about a row, each with a way to see it beside the figures.
function evidence(say, files) {
  if (!files.length) return [];
  const lines = files.map((file) => h("li", {}, fileLink(file)));
  return [h("h3", {}, say("evidence")), h("ul", { class: "plain" }, lines)];
}

export class Panel {
  constructor(grid) {
    this.grid = grid;
    this.element = h("section", {
      class: "grid-panel card",
      hidden: true,
      "aria-labelledby": "kisi-panel",
      tabindex: -1,
    });
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  get shown() {
    return !this.element.hidden;
  }

  // Shows the row one is in.
  open() {
    const { data, sheet, say, selection } = this.grid;
    const { r } = selection.focus;
    const row = sheet.rows[r];
    const { activeElement } = document;
    const inside = this.shown && this.element.contains(activeElement) ? activeElement.dataset.name : undefined;
    const given = sheet.all.filter((column) => sheet.given(r, column) && row.s[column.name]);
    const open = sheet.all.filter((column) => !sheet.given(r, column) && !row.h.includes(column.name));
    this.heading = h("h2", { id: "kisi-panel" }, say("panel", { n: row.i + 1, key: row.k || "" }));
    const close = button(say("close"), () => this.close());
    this.element.replaceChildren(
      h("div", { class: "page-head" }, this.heading, close),
      ...evidence(say, row.b ?? []),
      h(
        "dl",
        { class: "facts" },
        given.flatMap((column) => [h("dt", {}, column.label), h("dd", {}, row.s[column.name])]),
      ),
      h(
        "div",
        { class: "grid-fields" },
        open.map((column) => panelField(this.grid, r, column)),
      ),
    );
    const controls = "input, textarea, select, .grid-fields button";
    if (!data.filling) this.element.querySelectorAll(controls).forEach((control) => (control.disabled = true));
    this.element.hidden = false;
    if (inside) this.element.querySelector(`[data-name="${inside}"]`)?.focus(); // shown anew under somebody's hands
  }

  // Shows the row and goes there: into the field of a column, else to its heading.
  enter(name) {
    this.open();
    const field = name && this.element.querySelector(`[data-name="${name}"]`);
    if (!name) this.heading.tabIndex = -1;
    (field || this.heading).focus();
  }

  close() {
    this.element.hidden = true;
    const { r, c } = this.grid.selection.focus;
    this.grid.go(r, c);
  }

  key(event) {
    if (event.key === "Escape" || event.key === "F4") {
      event.preventDefault();
      event.target.blur();
      this.close();
    } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      event.target.dispatchEvent(new Event("change"));
      this.grid.sync.save();
    }
  }
}
