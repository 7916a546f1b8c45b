// Rows of a table are added, moved and removed in the page, without asking the server, which takes them as they stand:
// the names of their fields count from 0 (posted_entries.py). Without scripts the same buttons are submits.
import { button, h } from "../elements.js";
import { SHOWN } from "../files.js";
import { word } from "../words.js";
import { renamed } from "./row_names.js";

const NAMING = ["name", "id", "for", "value", "aria-describedby", "data-field", "data-fill", "data-shown-when"];
const TOOLS = "[name=_naik], [name=_turun], [name=_hapus]";

function rename(line, path, to) {
  const from = Number(line.dataset.row);
  line.dataset.row = to;
  line.id = renamed(line.id, path, from, to);
  line.querySelector(".row-open").setAttribute("href", `#${line.id}`);
  line.querySelector("th[scope=row]").firstChild.textContent = String(to + 1);
  for (const element of line.querySelectorAll("*"))
    for (const name of NAMING) {
      if (name === "value" && !element.matches(TOOLS)) continue;
      const text = element.getAttribute(name);
      if (text) element.setAttribute(name, renamed(text, path, from, to));
    }
  const words = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  const [old, now] = [from, to].map((n) => word("row", { n: n + 1 }));
  while (words.nextNode()) words.currentNode.data = words.currentNode.data.replace(old, now);
}

class Rows {
  constructor(table, woken) {
    Object.assign(this, { table, woken, path: table.dataset.rows, body: table.tBodies[0] });
    this.field = table.closest("fieldset");
    this.blank = this.field.querySelector("template[data-blank]");
    this.adding = this.field.querySelector('[name="_tambah"]');
    if (!this.blank) return;
    this.field.addEventListener("click", (event) => this.click(event));
    this.settle();
  }

  get lines() {
    return [...this.body.querySelectorAll("tr[data-row]")];
  }

  click(event) {
    const pressed = event.target.closest(`[name=_tambah], ${TOOLS}`);
    if (!pressed) return;
    event.preventDefault();
    const line = pressed.closest("tr");
    if (pressed.name === "_tambah") this.add();
    else if (pressed.name === "_hapus") this.remove(line);
    else this.move(line, pressed.name);
    this.settle();
    this.table.dispatchEvent(new Event("change", { bubbles: true }));
  }

  add() {
    this.body.querySelector("tr:not([data-row], .row-undo)")?.remove(); // "no rows yet"
    const line = this.blank.content.firstElementChild.cloneNode(true);
    line.classList.add("is-open");
    this.body.append(line);
    this.settle();
    this.woken(line);
    line.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  }

  move(line, name) {
    const other = this.lines[this.lines.indexOf(line) + (name === "_naik" ? -1 : 1)];
    if (name === "_naik") other.before(line);
    else other.after(line);
    const again = line.querySelector(`[name=${name}]:not([hidden])`) ?? line.querySelector(`${TOOLS}:not([hidden])`);
    this.settle();
    (again.hidden ? line.querySelector("[name=_hapus]") : again).focus();
  }

  // A removed row can be taken back where it stood, until something else is done with the table.
  remove(line) {
    this.body.querySelector(".row-undo")?.remove();
    const back = button(word("undo"), () => {
      note.replaceWith(line);
      this.settle();
      line.querySelector("[name=_hapus]").focus();
      this.table.dispatchEvent(new Event("change", { bubbles: true }));
    });
    const said = word("row_removed", { n: Number(line.dataset.row) + 1 });
    const note = h(
      "tr",
      { class: "row-undo" },
      h("td", { colspan: line.cells.length, role: "status" }, `${said} `, back),
    );
    // Its files go with it, and the save has to say so.
    this.field.append(...[...line.querySelectorAll(`[name="${SHOWN}"]`)].map((mark) => mark.cloneNode()));
    line.replaceWith(note);
    back.focus();
  }

  // Rows are numbered as they stand; the first cannot go up, the last not down, and there are no more than may be.
  settle() {
    const { lines } = this;
    // In two goes: no two fields of one name meet on the way, or radio buttons would lose what is chosen.
    for (const start of [100_000, 0])
      lines.forEach((line, n) => Number(line.dataset.row) !== n && rename(line, this.path, start + n));
    lines.forEach((line, n) => {
      line.querySelector("[name=_naik]").hidden = n === 0;
      line.querySelector("[name=_turun]").hidden = n === lines.length - 1;
    });
    const most = Number(this.adding?.dataset.most) || Infinity;
    if (this.adding) this.adding.hidden = lines.length >= most;
  }
}

export function followRows(root, woken) {
  root.querySelectorAll("[data-rows]").forEach((table) => new Rows(table, woken));
}
