// On a phone a table is a list of its rows, and one row at a time: the page's own fields, of which the others are
// hidden.
import { button, h } from "../elements.js";

// What a row is called in the list: its number, its key and what the first columns show that nobody types.
export function nameOf(data, row) {
  const given = data.columns.filter((column) => column.given && !column.aside && row.s[column.name]);
  const facts = given.slice(0, 2).map((column) => row.s[column.name]);
  return [row.i + 1, ...facts].join(" · ");
}

// Where one begins: at the row that an address names or where one was (*kept*), else at one that has something wrong,
// else at the list (-1).
export function beginsAt(places, hash, wrong, kept = null) {
  const named = places.findIndex((place) => hash.startsWith(`#${place}-`));
  if (named >= 0) return named;
  return kept === null ? wrong.indexOf(true) : Number(kept);
}

export class Cards {
  constructor(data, plain, say) {
    Object.assign(this, { data, plain, say, lines: [...plain.querySelectorAll("tr[data-row]")] });
    this.rows = this.lines.map((line) => data.rows[Number(line.dataset.row)]);
    if (this.lines.length < 2) return;
    this.whole = plain.querySelector("[data-rows]");
    this.list = h(
      "ol",
      { class: "plain row-cards" },
      this.rows.map((row, n) => this.entry(row, n)),
    );
    this.head = h("h2", { tabindex: "-1" });
    this.bar = h(
      "p",
      { class: "button-row" },
      button(say("list"), () => this.show(-1)),
      button(say("previous"), () => this.show(this.at - 1)),
    );
    // Below the fields: one goes on once they are filled in.
    this.on = h(
      "p",
      { class: "button-row" },
      button(say("next"), () => this.show(this.at + 1)),
    );
    this.whole.parentElement.before(this.list, this.head, this.bar);
    this.whole.parentElement.after(this.on);
    const wrong = this.rows.map((row) => row.st === "faulty");
    const path = `f-${data.path.replaceAll(".", "-")}`;
    const places = this.rows.map((row) => `${path}-${row.i}`);
    plain.addEventListener("alur:saved", (event) => this.saved(event.detail));
    plain.addEventListener("alur:reveal", (event) => this.show(this.lines.indexOf(event.target.closest("tr"))));
    addEventListener("hashchange", () => this.show(beginsAt(places, location.hash, []), false));
    this.key = `alur:baris:${plain.getAttribute("action")}`;
    this.show(beginsAt(places, location.hash, wrong, sessionStorage.getItem(this.key)), false);
  }

  entry(row, n) {
    const go = button(nameOf(this.data, row), () => this.show(n), { class: "link-button" });
    return h("li", {}, go, this.mark(row.st));
  }

  mark(state) {
    return h("span", { class: `row-state row-${state}` }, this.say(`st-${state}`));
  }

  // Row *n*, or the list if there is none.
  show(n, focus = true) {
    this.at = n < this.lines.length ? n : -1;
    sessionStorage.setItem(this.key, this.at);
    const shown = this.at >= 0;
    this.lines.forEach((line, each) => (line.hidden = each !== this.at));
    this.lines[this.at]?.classList.add("is-open");
    this.whole.hidden = this.head.hidden = this.bar.hidden = this.on.hidden = !shown;
    this.list.hidden = shown;
    if (shown) this.head.textContent = this.say("card", { n: this.rows[this.at].i + 1, rows: this.data.rows.length });
    this.bar.children[1].hidden = this.at === 0;
    // Texts have their height only once they are seen.
    this.lines[this.at]?.querySelectorAll("textarea").forEach((area) => area.dispatchEvent(new Event("input")));
    if (focus) (shown ? this.head : this.list.querySelector("button")).focus();
  }

  // The server has the rows and says how they stand.
  saved({ rows = [] }) {
    for (const row of rows) {
      const n = this.rows.findIndex((each) => each.i === row.i);
      this.list.children[n]?.lastChild.replaceWith(this.mark(row.st));
    }
  }
}
