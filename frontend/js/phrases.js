// Fills the facts of a phrase in: phrases({ n: "{count} rows" })("n", { count: 2 }). An unknown phrase says nothing.
export const phrases =
  (words) =>
  (key, facts = {}) =>
    (words[key] || "").replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
