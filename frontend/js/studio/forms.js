// A form's two files as plain text, for the first version: whoever writes JSON Schema by hand can; the server checks it
// by line.
import { h } from "../elements.js";
import { say } from "./page.js";
import { schemaPath, uiPath } from "./texts.js";

export class FormDialog {
  constructor(dialog, texts, change) {
    Object.assign(this, { dialog, texts, change });
  }

  open(form, line) {
    const { schema, ui } = this.texts.get(form);
    const area = (id, text, label) => {
      const field = h("textarea", {
        id,
        class: "form-control code",
        spellcheck: "false",
        rows: id === "isian" ? 20 : 6,
        value: text,
        oninput: () => check(field),
      });
      const problem = h("p", { class: "invalid-feedback", role: "alert", hidden: true });
      field.problem = problem;
      return h("div", { class: "field" }, h("label", { class: "form-label", for: id }, label), field, problem);
    };
    const check = (field) => {
      let why = "";
      try {
        if (field.value.trim()) JSON.parse(field.value);
      } catch (error) {
        why = say("notJson", { reason: error.message });
      }
      field.problem.textContent = why;
      field.problem.hidden = !why;
      field.toggleAttribute("aria-invalid", Boolean(why));
      return !why;
    };
    const apply = () => {
      const [first, second] = ["isian", "tampilan"].map((id) => this.dialog.querySelector(`#${id}`));
      if (![first, second].map(check).every(Boolean)) return;
      const changes = {};
      for (const [path, field, before] of [
        [schemaPath(form), first, schema],
        [uiPath(form), second, ui],
      ])
        if (field.value !== before) changes[path] = field.value.trim() ? field.value : null;
      this.dialog.close();
      if (Object.keys(changes).length) this.change(changes);
    };
    this.dialog.replaceChildren(
      h("h2", { id: "judul-formulir" }, say("formOf", { name: form })),
      area("isian", schema, say("schema")),
      area("tampilan", ui, say("ui")),
      h(
        "p",
        { class: "button-row" },
        h("button", { type: "button", class: "btn btn-primary", onclick: apply }, say("apply")),
        h("button", { type: "button", class: "btn", onclick: () => this.dialog.close() }, say("cancel")),
      ),
    );
    this.dialog.showModal();
    const field = this.dialog.querySelector("#isian");
    field.focus();
    const at = line
      ? schema
          .split("\n")
          .slice(0, line - 1)
          .join("\n").length + 1
      : 0;
    field.setSelectionRange(at, at);
    field.scrollTop = Math.max(0, ((line ?? 1) - 5) * 20);
  }
}
