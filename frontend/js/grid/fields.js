// What one types in: in the cell itself, or in a field of the panel.
import { button, h } from "../elements.js";
import { look } from "../look.js";
import { isFile, isMany, isNumeric } from "./columns.js";

// The control of a column whose texts are typed or chosen from a list.
export function control(column, text, say, attributes) {
  let made;
  if (column.options.length) {
    const options = column.options.map(([value, label]) => h("option", { value }, label));
    made = h("select", attributes, h("option", { value: "" }, say("choose")), options);
  } else if (column.kind === "long_text") made = h("textarea", { rows: 3, ...attributes });
  else made = h("input", { type: "text", autocomplete: "off", ...attributes });
  made.value = text;
  return made;
}

export const cellControl = (column, text, say, label) =>
  control(column, text, say, {
    "aria-label": label,
    inputmode: isNumeric(column) && !column.options.length && "decimal",
  });

// A file by its name, shown below it once one asks for it.
export function fileLink([file, name, size]) {
  const href = `/lampiran/${file}`;
  const see = (event) => {
    const shown = link.parentElement.querySelector("img, iframe");
    const made = shown ? null : look(href, name);
    if (!shown && !made) return;
    event.preventDefault();
    if (shown) shown.remove();
    else link.parentElement.append(made);
  };
  const link = h("a", { href, target: "bukti", onclick: see }, name);
  return [link, ` (${size}) `];
}

// A field of the panel: its label, what is wrong, what helps, the control.
export function panelField(grid, r, column) {
  const { sheet } = grid;
  const id = `panel-${column.name}`;
  const faults = sheet.faultsOf(r, column);
  const wrong = faults.map((fault) => h("div", { class: "invalid-feedback", id: `${id}-error` }, `⚠ ${fault.m}`));
  const texts = sheet.textsOf(r, column);
  const put = (now) => sheet.change([[r, column.name, now]]);
  if (isMany(column) && !isFile(column)) return choices(column, id, texts, wrong, put);
  if (column.kind === "boolean") return yesOrNo(column, id, texts, wrong, put);
  const label = h("label", { class: "form-label", for: id }, column.label, column.required ? " *" : "");
  const attributes = {
    id,
    "data-name": column.name,
    class: "form-control",
    "aria-invalid": faults.length ? "true" : null,
    "aria-describedby": faults.length ? `${id}-error` : null,
  };
  if (isFile(column)) return files(grid, r, column, label, wrong, attributes);
  if (column.options.length) attributes.class = "form-select";
  const made = control(column, texts[0] ?? "", grid.say, attributes);
  made.addEventListener("change", () => put([made.value]));
  return h("div", { class: "field" }, label, wrong, hint(column.help), made);
}

const hint = (text) => text && h("div", { class: "form-hint" }, text);

function choices(column, id, texts, wrong, put) {
  const boxes = column.options.map(([value, text], n) => {
    const attributes = { type: "checkbox", value, id: n ? `${id}-${n}` : id, "data-name": n ? null : column.name };
    const box = h("input", attributes);
    box.checked = texts.includes(value);
    return h("div", { class: "check" }, h("label", {}, box, " ", text));
  });
  const set = h("fieldset", { class: "field" }, h("legend", { class: "form-label" }, column.label), wrong, boxes);
  const chosen = () => [...set.querySelectorAll("input:checked")].map((box) => box.value);
  set.addEventListener("change", () => put(["", ...chosen()]));
  return set;
}

function yesOrNo(column, id, texts, wrong, put) {
  const box = h("input", { id, type: "checkbox", "data-name": column.name });
  box.checked = texts.some(Boolean);
  box.addEventListener("change", () => put([box.checked ? "ya" : ""]));
  return h("div", { class: "field" }, h("label", { for: id }, box, " ", column.label), wrong);
}

function files(grid, r, column, label, wrong, attributes) {
  const { sheet, say } = grid;
  const texts = sheet.textsOf(r, column);
  const input = h("input", {
    ...attributes,
    type: "file",
    accept: column.accept || null,
    multiple: column.kind === "files",
  });
  input.addEventListener("change", () => {
    sheet.attach(r, column, [...input.files]);
    grid.sync.save();
  });
  const remove = (file) => {
    sheet.change([[r, column.name, ["", ...texts.filter((each) => each && each !== file)]]]);
    grid.panel.open();
  };
  const held = (sheet.rows[r].f[column.name] ?? [])
    .filter(([file]) => texts.includes(file))
    .map(([file, name, size]) =>
      h(
        "li",
        {},
        fileLink([file, name, size]),
        button(say("remove"), () => remove(file), { "aria-label": `${say("remove")} ${name}` }),
      ),
    );
  const list = held.length > 0 && h("ul", { class: "plain" }, held);
  return h("div", { class: "field" }, label, wrong, list, hint(column.limit), input);
}
