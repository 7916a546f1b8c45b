// The fields of a panel that follows what is selected on the canvas: drawn anew after every change, which is a command,
// so that Ctrl+Z undoes it like a stroke on the canvas. What has the focus keeps it, and what is half typed stays
// typed.
import { h } from "../elements.js";
import { icon, say } from "./page.js";

export class Fields {
  constructor(container, modeler, { texts, editForm, makeForm, renameSop }) {
    Object.assign(this, { container, texts, editForm, makeForm, renameSop, count: 0 });
    for (const name of [
      "modeling",
      "elementRegistry",
      "moddle",
      "bpmnFactory",
      "commandStack",
      "selection",
      "canvas",
      "eventBus",
    ])
      this[name] = modeler.get(name);
    const later = () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.draw());
    };
    this.eventBus.on(["selection.changed", "commandStack.changed", "import.done"], later);
    // Leaving a field changes the diagram; the list that the hand then opens stays open until something is chosen.
    container.addEventListener("pointerdown", ({ target }) => (this.choosing = target.closest("select")));
    container.addEventListener("change", ({ target }) => target === this.choosing && (this.choosing = null));
    container.addEventListener("focusout", ({ target }) => {
      if (target === this.choosing) this.choosing = null;
      if (this.held && !this.choosing) later();
    });
  }

  // Draws the panel anew; what has the focus keeps it, and what is half typed stays typed.
  draw() {
    this.held = Boolean(this.choosing?.isConnected) && this.shown === this.selection.get()[0];
    if (this.held) return;
    const active = this.container.contains(document.activeElement) ? document.activeElement : null;
    const chosen = this.selection.get();
    const same = this.shown === chosen[0] && chosen.length === 1;
    const kept = active && {
      key: active.dataset.key,
      value: active.value,
      typed: active.value !== active.dataset.was,
      at: active.selectionStart,
    };
    const scrolled = same ? this.container.scrollTop : 0;
    const open = new Set([...this.container.querySelectorAll("details[open]")].map((each) => each.dataset.key));
    this.shown = chosen.length === 1 ? chosen[0] : null;
    this.container.replaceChildren(...this.content(chosen));
    this.container.querySelectorAll("details").forEach((each) => (each.open = open.has(each.dataset.key)));
    this.container.scrollTop = scrolled;
    if (!kept?.key) return;
    const field = this.container.querySelector(`[data-key="${kept.key}"]`);
    if (!field) return this.container.focus();
    field.focus();
    if (same && kept.typed && "value" in field) field.value = kept.value;
    if (same && kept.at !== null && kept.at !== undefined && field.setSelectionRange && field.type !== "number")
      field.setSelectionRange(kept.at, kept.at);
  }

  // Goes to the field that a finding is about: whose expression is in its *words*, else the first of *keys* that is
  // there.
  focus(keys, words = "") {
    clearTimeout(this.waiting);
    this.choosing = null;
    this.draw();
    const named = (key) => this.container.querySelector(`[data-key="${key}"]`);
    const quoted = [...this.container.querySelectorAll(".code")].find(
      (field) => field.dataset.key !== "id" && field.value && words.includes(`“${field.value}”`),
    );
    const field = quoted ?? keys.map(named).find(Boolean);
    field?.closest("details")?.setAttribute("open", "");
    (field ?? this.container.querySelector("input, textarea, select") ?? this.container).focus();
  }

  keyed(key, control, value) {
    control.dataset.key = key;
    if (control.type === "checkbox") control.checked = Boolean(value);
    else control.value = value ?? "";
    control.dataset.was = control.value;
    return control;
  }

  field(label, control, help, problem) {
    const id = (control.id = `properti-${++this.count}`);
    if (help) control.setAttribute("aria-describedby", `${id}-help`);
    return h(
      "div",
      { class: "field" },
      h("label", { class: "form-label", for: id }, label),
      control,
      help && h("p", { class: "form-hint", id: `${id}-help` }, help),
      problem,
    );
  }

  // A text that becomes a command when it is left or entered; what refuses it says why and keeps it typed.
  text(key, value, change, { label, help, rows = 1, placeholder, code, refuse, lang } = {}) {
    const act = (event) => {
      const typed = event.target.value.trim();
      const why = refuse?.(typed);
      problem.hidden = !why;
      problem.textContent = why ?? "";
      if (why) event.target.setAttribute("aria-invalid", "true");
      else {
        event.target.removeAttribute("aria-invalid");
        if (typed !== (value ?? "")) change(typed || undefined);
      }
    };
    const problem = h("p", { class: "invalid-feedback", role: "alert", hidden: true });
    const attributes = {
      class: `form-control${code ? " code" : ""}`,
      onchange: act,
      placeholder,
      lang,
      spellcheck: code ? "false" : null,
      autocomplete: "off",
    };
    if (rows === 1) attributes.type = "text";
    else attributes.rows = rows;
    return this.field(
      label ?? say(key),
      this.keyed(key, h(rows === 1 ? "input" : "textarea", attributes), value),
      help,
      problem,
    );
  }

  select(key, value, options, change, { label, help } = {}) {
    const control = h(
      "select",
      { class: "form-select", onchange: (event) => change(event.target.value) },
      options.map(([each, word]) => h("option", { value: each }, word)),
    );
    return this.field(label ?? say(key), this.keyed(key, control, value), help);
  }

  details(key, summary, content) {
    return h("details", { "data-key": key }, h("summary", {}, summary), content);
  }

  button(word, act, name, key = `act-${word}`) {
    return h(
      "button",
      { type: "button", class: "btn btn-sm", "data-key": key, onclick: act },
      name && icon(name),
      word,
    );
  }

  set(element, properties) {
    this.modeling.updateProperties(element, properties);
  }

  rename(element, value) {
    this.modeling.updateLabel(element, value ?? "");
  }
}
