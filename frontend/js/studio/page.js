// What the studio's scripts share of the page: what is edited, the words in the reader's language, asking the server.
import { iconAt } from "../elements.js";
import { phrases } from "../phrases.js";
import { SEEN, ended, renew } from "../session.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);

export const bench = read("bengkel");
const words = read("kata-studio");

export const say = phrases(words);

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

export const icon = (name) => iconAt(`${document.querySelector(".studio").dataset.icons}#${words[`icon-${name}`]}`);

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
