// The page's own help. The link leads to its place in the guide; with us that place opens over the page, by a click or
// by Alt+H, and Escape, Alt+H or the button close it.
import { button, h } from "./elements.js";
import { word } from "./words.js";

export const isHelpKey = (event) => event.altKey && !event.ctrlKey && !event.metaKey && event.code === "KeyH";

async function explained(link) {
  const answer = await fetch(link.href, { headers: { "X-Alur-Background": "1" } }).catch(() => null);
  if (!answer?.ok || !link.hash) return null;
  const guide = new DOMParser().parseFromString(await answer.text(), "text/html");
  const section = guide.getElementById(link.hash.slice(1));
  section?.querySelectorAll(".picture").forEach((picture) => picture.remove());
  return section;
}

export function watchHelp() {
  const link = document.querySelector("[data-help]");
  if (!link) return;
  const dialog = h("dialog", { class: "help-panel card", "aria-label": link.textContent.trim() });
  const toggle = async () => {
    if (dialog.open) return dialog.close();
    if (!dialog.childElementCount) {
      const section = await explained(link);
      if (!section) return location.assign(link.href);
      const close = button(word("close"), () => dialog.close());
      const more = h("a", { class: "btn", href: link.href }, word("guide"));
      const keys = h("p", { class: "muted" }, word("help_keys"));
      section.lang = "id";
      dialog.append(section, keys, h("p", { class: "button-row" }, close, more));
      document.body.append(dialog);
    }
    dialog.showModal();
  };
  link.addEventListener("click", (event) => {
    event.preventDefault();
    toggle();
  });
  document.addEventListener("keydown", (event) => {
    if (!isHelpKey(event)) return;
    event.preventDefault();
    toggle();
  });
}
