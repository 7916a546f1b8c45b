// Offers people while "@" and the beginning of a name or account is typed into a note. Without it, accounts are typed.

// What is typed after the "@" before the cursor; undefined if there is none.
export const typed = (text, at) => /(?:^|[^\w@.])@([\w.-]*)$/.exec(text.slice(0, at))?.[1];

export function fitting(people, begun) {
  const start = begun.toLowerCase();
  const fits = (word) => word.toLowerCase().startsWith(start);
  return people.filter(({ account, name }) => fits(account) || name.split(/\s+/).some(fits));
}

// The text with an account in place of what was typed, and where the cursor stands then.
export function put(text, at, begun, account) {
  const before = `${text.slice(0, at - begun.length)}${account} `;
  return { text: before + text.slice(at), at: before.length };
}

function mention(area) {
  const list = document.getElementById(area.dataset.mentions);
  const people = [...list.children].map((item) => ({
    item,
    account: item.dataset.account,
    name: item.firstChild.textContent.trim(),
  }));
  let offered = [];
  let chosen = 0;
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", list.id);

  const mark = () => {
    people.forEach(({ item }) => item.setAttribute("aria-selected", String(item === offered[chosen]?.item)));
    if (offered.length) area.setAttribute("aria-activedescendant", offered[chosen].item.id);
    else area.removeAttribute("aria-activedescendant");
  };
  const offer = () => {
    const begun = typed(area.value, area.selectionStart);
    offered = begun === undefined ? [] : fitting(people, begun);
    chosen = 0;
    people.forEach((person) => {
      person.item.hidden = !offered.includes(person);
    });
    list.hidden = !offered.length;
    mark();
  };
  const close = () => {
    offered = [];
    list.hidden = true;
    mark();
  };
  const take = ({ account }) => {
    const at = area.selectionStart;
    const done = put(area.value, at, typed(area.value, at) ?? "", account);
    area.value = done.text;
    area.setSelectionRange(done.at, done.at);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    close();
    area.focus();
  };

  area.addEventListener("input", offer);
  area.addEventListener("blur", () => setTimeout(close, 200));
  area.addEventListener("keydown", (event) => {
    if (!offered.length) return;
    const step = { ArrowDown: 1, ArrowUp: offered.length - 1 }[event.key];
    if (step !== undefined) chosen = (chosen + step) % offered.length;
    else if (event.key === "Enter") take(offered[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    mark();
  });
  list.addEventListener("mousedown", (event) => {
    const person = people.find(({ item }) => item.contains(event.target));
    if (!person) return;
    event.preventDefault();
    take(person);
  });
}

globalThis.document?.querySelectorAll("[data-mentions]").forEach(mention);
