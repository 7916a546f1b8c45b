// Which rows are shown: by state, by what one searches for, by who holds the data.

// The states of rows that each chip asks for, by its name in the address.
const STATES = {
  kosong: ["empty", "incomplete", "changed"],
  perbaiki: ["faulty"],
  dikembalikan: ["returned"],
  diperiksa: ["changed"],
};

// The rows that do not fit *wanted*: { state, words, holder }, each empty if it does not matter.
export function misfits(sheet, verify, { state, words, holder }) {
  const holding = sheet.byName[verify?.holder];
  const text = (r) => {
    const typed = sheet.all.map((column) => (column.given ? "" : sheet.shownOf(r, column)));
    return [...Object.values(sheet.rows[r].s), ...typed].join("\n").toLowerCase();
  };
  const fits = (row, r) =>
    (!state || STATES[state].includes(row.st)) &&
    (!words || text(r).includes(words)) &&
    (!holder || sheet.shownOf(r, holding) === holder || sheet.textOf(r, holding) === holder);
  return new Set(sheet.rows.map((row, r) => (fits(row, r) ? -1 : r)).filter((r) => r >= 0));
}

export class Filters {
  constructor(grid) {
    this.grid = grid;
    this.state = "";
    this.chips = document.querySelector("[data-chips]");
    this.search = document.querySelector("form[data-search]");
    this.search.querySelector("button").hidden = true; // rows are hidden while one types
    this.chips.addEventListener("click", (event) => this.choose(event));
    this.search.addEventListener("input", () => this.show());
    this.search.addEventListener("submit", (event) => {
      event.preventDefault();
      this.show();
    });
  }

  choose(event) {
    const chip = event.target.closest(".chip");
    if (!chip) return;
    event.preventDefault();
    this.state = chip.dataset.filterName;
    this.show();
  }

  show() {
    const { sheet, selection, table, notes, say, data } = this.grid;
    const words = this.search.querySelector('[name="cari"]').value.trim().toLowerCase();
    const holder = this.search.querySelector('[name="pemegang"]')?.value ?? "";
    selection.hidden = misfits(sheet, data.verify, { state: this.state, words, holder });
    table.hide(selection.hidden);
    const none = selection.first < 0;
    if (none) notes.tell(say("none"));
    else if (notes.status.textContent === say("none")) notes.tell("");
    for (const chip of this.chips.querySelectorAll(".chip"))
      if (chip.dataset.filterName === this.state) chip.setAttribute("aria-current", "true");
      else chip.removeAttribute("aria-current");
    if (none || selection.visible(selection.focus.r)) return;
    table.tabStop(selection.focus, false);
    selection.focus = { r: selection.first, c: selection.focus.c };
    table.tabStop(selection.focus, true);
  }

  // How many rows each chip stands for.
  count(facts) {
    for (const chip of this.chips.querySelectorAll(".chip"))
      chip.querySelector(".count").textContent = chip.dataset.filterName ? facts[chip.dataset.filterName] : facts.rows;
  }
}
