// What the studio's scripts share of the page: what is edited, the words in the reader's language, and making elements.
const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const bench = read("bengkel");
const words = read("kata-studio");

export const say = (key, facts = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

export const token = () => document.querySelector('[name="csrf_token"]').value;

// h("button", { class: "btn", onclick: act }, "text", child): attributes as HTML knows them, listeners by on…; null and false are left out.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.querySelector(".studio").dataset.icons}#${words[`icon-${name}`]}`);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export const clock = (date) => date.toLocaleTimeString("id-ID", { hour: "2-digit", minute: "2-digit" }).replace(":", ".");
export const moment = (date) => `${date.toLocaleDateString(document.documentElement.lang === "en" ? "en-GB" : "id-ID", { day: "numeric", month: "short" })} ${clock(date)}`;
