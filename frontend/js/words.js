// Words that scripts show come from the server, in the reader's language.
import { phrases } from "./phrases.js";

const block = document.getElementById("kata");

export const word = phrases(block ? JSON.parse(block.textContent) : {});
