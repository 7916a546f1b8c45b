// Words that scripts show come from the server, in the reader's language.
const block = document.getElementById("kata");
const words = block ? JSON.parse(block.textContent) : {};

export const word = (key, facts = {}) => (words[key] || "").replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
