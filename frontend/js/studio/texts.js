// The texts of a draft: the diagram, the forms, and whatever else was opened over it. Forms change through the command
// stack as the diagram does, so that one Ctrl+Z undoes whichever came last; the diagram's own text is what the modeller
// writes.
import { bench } from "./page.js";

const FORM = /^forms\/[^/]+\/[^/]+\.(schema|ui)\.json$/;

export class Texts {
  constructor() {
    this.forms = new Map(Object.entries(bench.files).filter(([path]) => FORM.test(path)));
    this.others = new Map(); // templates, pictures (base64), decision tables: not shown here, and part of the draft
  }

  // What differs from the version in force, by path: null where a form was removed.
  changes(xml) {
    const found = Object.fromEntries(this.others);
    const forms = Object.keys(bench.files).filter((path) => FORM.test(path));
    for (const path of new Set([...forms, ...this.forms.keys()])) {
      const text = this.forms.get(path) ?? null;
      if (text !== (bench.files[path] ?? null) || !bench.base) found[path] = text;
    }
    if (xml !== undefined) found[bench.diagram] = xml;
    return found;
  }

  restore(changes) {
    for (const [path, text] of Object.entries(changes)) if (path !== bench.diagram) this.put(path, text);
  }

  put(path, text) {
    if (!FORM.test(path)) {
      if (text === undefined) this.others.delete(path);
      else this.others.set(path, text);
    } else if (text === null || text === undefined) this.forms.delete(path);
    else this.forms.set(path, text);
  }

  of(path) {
    return FORM.test(path) ? (this.forms.get(path) ?? null) : this.others.get(path);
  }

  has(form) {
    return this.forms.has(schemaPath(form));
  }

  get(form) {
    return { schema: this.forms.get(schemaPath(form)) ?? "", ui: this.forms.get(uiPath(form)) ?? "" };
  }
}

export const schemaPath = (form) => `forms/${bench.process}/${form}.schema.json`;
export const uiPath = (form) => `forms/${bench.process}/${form}.ui.json`;

// A form's id: what SpiffWorkflow's own property names, else the element's id (as engine/bpmn/rules/forms.py reads it).
export function formOf(businessObject) {
  for (const extension of businessObject.extensionElements?.values ?? [])
    for (const property of extension.$children ?? [])
      if (property.name === "formJsonSchemaFilename" && property.value)
        return property.value.replace(/(\.schema|-schema)?\.json$/, "");
  return businessObject.id;
}

// A form that can be filled in and deployed as it stands: one text field, and one section per document it yields.
export function simpleForm(title, documents) {
  const properties = { catatan: { type: "string", title: "Catatan", maxLength: 2000 } };
  for (const { id, name } of documents)
    properties[id] = {
      type: "object",
      title: name || id,
      properties: { isi: { type: "string", title: "Isi", maxLength: 10000 } },
      required: ["isi"],
    };
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: title || "Formulir",
    type: "object",
    properties,
  };
  if (documents.length) schema.required = documents.map(({ id }) => id);
  return `${JSON.stringify(schema, null, 2)}\n`;
}

// The command: { texts, changes: { path: text or null } }.
export class TextsHandler {
  execute(context) {
    context.before = Object.fromEntries(Object.keys(context.changes).map((path) => [path, context.texts.of(path)]));
    for (const [path, text] of Object.entries(context.changes)) context.texts.put(path, text);
    return [];
  }

  revert(context) {
    for (const [path, text] of Object.entries(context.before)) context.texts.put(path, text);
    return [];
  }
}
