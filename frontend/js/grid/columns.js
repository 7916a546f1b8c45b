// What kinds of columns there are, and how a text becomes what a cell of one holds.

const NUMERIC = new Set(["number", "integer", "money", "percent"]);
const YES = /^(ya|yes|true|1|v|x)$/i;

export const isNumeric = (column) => NUMERIC.has(column.kind);
export const isFile = (column) => column.kind === "file" || column.kind === "files";
export const isMany = (column) => column.kind === "choices" || column.kind === "people" || column.kind === "files";

export const labelOf = (column, value) => column.options.find(([own]) => own === value)?.[1] ?? value;

// The texts that a pasted *text* stands for: of choices either the value or its label, several apart by semicolons.
export function valueOf(column, text) {
  const wanted = text.trim();
  if (column.kind === "boolean") return [YES.test(wanted) ? "ya" : ""];
  if (!column.options.length) return [wanted];
  const same = (one, other) => one.toLowerCase() === other.toLowerCase();
  const chosen = (part) => column.options.find((option) => option.some((each) => same(each, part)))?.[0] ?? part;
  if (!isMany(column)) return [wanted && chosen(wanted)];
  const parts = wanted.split(";").map((part) => part.trim());
  return ["", ...parts.filter(Boolean).map(chosen)];
}

// The choice that somebody means who types its first letter.
export const optionStarting = (column, letters) =>
  column.options.find(([, label]) => label.toLowerCase().startsWith(letters.toLowerCase()))?.[0];
