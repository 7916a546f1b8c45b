// A list to choose from by typing (ARIA APG, combobox with list autocomplete): people of a select, or proposals for a
// text, which may be another. Without scripts it is the select, or the browser's own proposals.
import { h } from "../elements.js";

const MOST = 50; // proposals at a time: one types on

// The options that have every word that was typed, in any order, in what they show.
export function matching(options, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ label, hint = "" }) => {
    const text = `${label} ${hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return options.filter(fits).slice(0, MOST);
}

// What leaving the field makes of the text in it: an option whose name it is, nothing, or what there was before.
export function settled(options, typed, before) {
  const name = typed.trim().toLowerCase();
  return name ? (options.find(({ label }) => label.toLowerCase() === name) ?? before) : null;
}

let boxes = 0;

export class Combobox {
  // *strict*: the text must be one of the options; chosen(option) is told of each choice, null of none.
  constructor(input, options, { strict, chosen, current = () => null }) {
    Object.assign(this, { input, options, strict, chosen, current, at: -1 });
    this.list = h("ul", { class: "options", role: "listbox", id: `pilihan-${(boxes += 1)}`, hidden: true });
    this.list.setAttribute(
      "aria-label",
      input.labels?.[0]?.textContent.trim() || input.getAttribute("aria-label") || "",
    );
    const facts = {
      role: "combobox",
      autocomplete: "off",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    };
    for (const [name, value] of Object.entries(facts)) input.setAttribute(name, value);
    const around = h("span", { class: "combobox" });
    input.before(around);
    around.append(input, this.list);
    input.addEventListener("input", (event) => event.isTrusted && this.open());
    input.addEventListener("click", () => this.open(""));
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.leave());
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const line = event.target.closest("[role=option]");
      if (line) this.choose([...this.list.children].indexOf(line));
    });
  }

  get shown() {
    return !this.list.hidden;
  }

  open(typed = this.input.value) {
    this.found = matching(this.options, typed);
    this.list.replaceChildren(
      ...this.found.map(({ label, hint }, n) =>
        h(
          "li",
          { role: "option", id: `${this.list.id}-${n}`, "aria-selected": "false" },
          label,
          hint && h("span", { class: "muted" }, ` ${hint}`),
        ),
      ),
    );
    this.list.hidden = !this.found.length;
    this.input.setAttribute("aria-expanded", String(this.shown));
    this.mark(-1);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.mark(-1);
  }

  mark(n) {
    this.list.children[this.at]?.setAttribute("aria-selected", "false");
    this.at = n;
    const line = this.list.children[n];
    line?.setAttribute("aria-selected", "true");
    line?.scrollIntoView({ block: "nearest" });
    if (line) this.input.setAttribute("aria-activedescendant", line.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const { key } = event;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      if (!this.shown) this.open(this.strict ? "" : undefined);
      const count = this.found.length;
      if (count) this.mark(this.at < 0 && step < 0 ? count - 1 : (this.at + step + count) % count);
    } else if (key === "Enter" && this.shown) this.choose(Math.max(0, this.at));
    else if (key === "Escape" && this.shown) {
      this.close();
      this.restore();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(n) {
    const option = this.found[n];
    if (!option) return;
    this.input.value = option.label;
    this.close();
    this.chosen(option);
  }

  restore() {
    if (this.strict) this.input.value = this.current()?.label ?? "";
  }

  leave() {
    this.close();
    if (!this.strict) return;
    const before = this.current();
    const now = settled(this.options, this.input.value, before);
    if (now !== before) this.chosen(now);
    this.restore();
  }
}

// A select of people becomes a field to type in; the select stays, out of sight, and is what is sent.
export function typeSelect(select) {
  const options = [...select.options]
    .filter((option) => option.value)
    .map((option) => ({ value: option.value, label: option.textContent.trim() }));
  const input = h("input", { type: "text", class: select.className.replace("form-select", "form-control") });
  for (const { name, value } of [...select.attributes])
    if (name === "id" || name.startsWith("aria-")) {
      input.setAttribute(name, value);
      select.removeAttribute(name);
    }
  input.placeholder = select.options[0]?.value ? "" : select.options[0].textContent;
  input.disabled = select.disabled;
  const current = () => options.find(({ value }) => value === select.value) ?? null;
  select.before(input);
  select.className = "visually-hidden";
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  const box = new Combobox(input, options, {
    strict: true,
    current,
    chosen: (option) => {
      select.value = option?.value ?? "";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    },
  });
  box.restore();
  // What else changes the select, such as a draft that this browser kept, is shown as well.
  select.form?.addEventListener("change", () => document.activeElement !== input && box.restore());
}

// A text with proposals: one that is chosen fills the other fields of its row, too.
export function typeProposals(input) {
  const list = document.getElementById(input.getAttribute("list"));
  if (!list) return;
  input.removeAttribute("list");
  const options = [...list.options].map((option) => ({
    label: option.value,
    hint: option.textContent.trim(),
    fills: JSON.parse(option.dataset.fills),
  }));
  new Combobox(input, options, {
    strict: false,
    chosen: ({ fills }) => {
      const row = input.name.slice(0, input.name.lastIndexOf("."));
      for (const [column, text] of Object.entries(fills)) {
        const field = input.form.querySelector(`[name="${CSS.escape(`${row}.${column}`)}"]`);
        if (field) field.value = text;
      }
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
  });
}
