// What the studio's scripts share of the page: what is edited, the words in the reader's language, asking the server,
// and making elements.
import { SEEN, ended, renew } from "../session.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const bench = read("bengkel");
const words = read("kata-studio");

export const say = (key, facts = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

// Sends *sent*; the answer as { status, told }, or { over } where none is to be had: "ended" until somebody signs in
// again, "barred" for a person who may not any more, "unsaved" if it was refused, "lost" if nothing came. A session
// that was opened in another tab has another token.
export async function ask(url, sent, signal, renewed = false) {
  const headers = {
    "Content-Type": "application/json",
    "X-CSRFToken": document.querySelector('[name="csrf_token"]').value,
    "X-Alur-Background": "1",
  };
  const answer = await fetch(url, { method: "POST", signal, headers, body: JSON.stringify(sent) }).catch(() => null);
  if (signal?.aborted) return { over: "aborted" };
  if ([401, 403].includes(answer?.status)) {
    if (!renewed && (await renew())) return ask(url, sent, signal, true);
    if (renewed && answer.status === 403) return { over: "barred" };
    ended();
    return { over: "ended" };
  }
  const told = await answer?.json().catch(() => null);
  if (!told) return { over: answer?.status >= 400 && answer.status < 500 ? "unsaved" : "lost" };
  if (answer.ok) document.dispatchEvent(new Event(SEEN));
  return { status: answer.status, told };
}

// h("button", { class: "btn", onclick: act }, "text", child): attributes as HTML knows them, listeners by on…; null and
// false are left out.
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

// When this browser kept something, by the office's time; of what the server keeps it says the time itself.
export function moment(at) {
  const said = (locale, options) => new Date(at).toLocaleString(locale, { timeZone: bench.zone, ...options });
  const day = said(document.documentElement.lang === "en" ? "en-GB" : "id-ID", {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  return `${day} ${said("id-ID", { hour: "2-digit", minute: "2-digit" }).replace(":", ".")}`;
}
