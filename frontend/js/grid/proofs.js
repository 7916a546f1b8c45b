// The evidence of a row, all of it side by side under its figures: no other window opens.
import { button, h } from "../elements.js";
import { isNumeric } from "./columns.js";
import { look } from "../look.js";

export class Proofs {
  constructor(grid) {
    this.grid = grid;
    this.heading = h("h2", { id: "kisi-bukti", tabindex: -1 });
    this.files = h("div", { class: "grid-files" });
    const close = button(grid.say("close"), () => this.close());
    this.element = h(
      "section",
      { class: "grid-proofs card", hidden: true, "aria-labelledby": "kisi-bukti" },
      h("div", { class: "page-head" }, this.heading, close),
      this.files,
    );
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  get shown() {
    return !this.element.hidden;
  }

  // Shows the files about the row one is in, with its figures.
  open() {
    const { sheet, selection, say } = this.grid;
    const { r } = selection.focus;
    const figures = sheet.columns.filter((column) => isNumeric(column) && sheet.shownOf(r, column));
    const told = figures.map((column) => `${column.label} ${sheet.shownOf(r, column)}`);
    this.heading.textContent = [`${say("evidence")} ${sheet.nameOf(r)}`, ...told].join(" · ");
    const files = (sheet.rows[r].b ?? []).map(([id, name, size]) =>
      h("figure", {}, h("figcaption", {}, link(id, name), ` (${size})`), look(`/lampiran/${id}`, name)),
    );
    this.files.replaceChildren(...(files.length ? files : ["–"]));
    this.element.hidden = false;
  }

  enter() {
    this.open();
    this.heading.focus();
  }

  close() {
    this.element.hidden = true;
    const { r, c } = this.grid.selection.focus;
    this.grid.go(r, c);
  }
}

const link = (id, name) => h("a", { href: `/lampiran/${id}`, target: "_blank" }, name);
