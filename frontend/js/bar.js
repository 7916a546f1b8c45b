// A line over the page that stays until its cause is gone.
import { h } from "./elements.js";

export function bar(id, text, action) {
  document.getElementById(id)?.remove();
  if (!text) return;
  document.querySelector("main").prepend(h("div", { id, class: "bar", role: "alert" }, text, action));
}
