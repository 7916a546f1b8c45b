// The bell: how much is new, asked every half minute while somebody looks at the page. What has not changed costs the
// server a line (304), and the question keeps no session open.
import { bar } from "./bar.js";
import { h } from "./elements.js";
import { word } from "./words.js";

const EVERY = 30_000;
const MOST = 100;

// What is known after an answer: *over* when nobody is signed in any more, *grew* when there is more than before.
export function heard(known, { status, etag, count }) {
  if (status === 401 || status === 303) return { ...known, over: true, grew: false };
  if (status !== 200) return { ...known, grew: false };
  return { over: false, etag, count, grew: count > known.count };
}

export const capped = (count) => (count > MOST ? `${MOST}+` : String(count));

async function ask(address, etag) {
  const headers = { "X-Alur-Background": "1", ...(etag && { "If-None-Match": etag }) };
  const answer = await fetch(address, { headers, redirect: "manual" }).catch(() => null);
  if (!answer) return { status: 0 };
  const said = answer.status === 200 ? await answer.json() : {};
  return { status: answer.status, etag: answer.headers.get("ETag"), ...said };
}

export function watchBell() {
  const bell = document.querySelector("[data-bell]");
  if (!bell) return;
  const badge = bell.querySelector(".count");
  let known = { count: badge.hidden ? 0 : parseInt(badge.textContent, 10), over: false };
  const look = async () => {
    if (document.visibilityState !== "visible") return;
    known = heard(known, await ask(bell.dataset.bell, known.etag));
    if (known.over) clearInterval(timer);
    badge.textContent = capped(known.count);
    badge.hidden = !known.count;
    if (known.grew && document.querySelector(".notices"))
      bar("bar-bell", word("told"), h("a", { class: "btn btn-sm", href: bell.href }, word("show")));
  };
  const timer = setInterval(look, EVERY);
  document.addEventListener("visibilitychange", () => known.over || look());
}
