// Two minutes before an idle session ends the page says so. The server tells how long is left, in seconds: the clock of
// an office PC may be wrong. Whatever reached the server since (a draft that saved itself) begins the time anew. After
// its end the page goes on keeping what is typed; as soon as the same person has signed in, in another tab, it sends
// it.
import { bar } from "./bar.js";
import { button, h } from "./elements.js";
import { word } from "./words.js";

export const SEEN = "alur:seen";
export const RESUMED = "alur:resumed";
const WARNING = 120;
const AGAIN = 15_000;
const account = document.body.dataset.account;
let over = false;

// Asks who is signed in. If it is still the same person, the page's forms get the token of the session that is open
// now.
export async function renew() {
  const answer = await fetch("/akun", { headers: { "X-Alur-Background": "1" } }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector('[name="csrf_token"]')?.value;
  if (!token || page.body.dataset.account !== account) return false;
  document.querySelectorAll('[name="csrf_token"]').forEach((input) => (input.value = token));
  if (over) {
    over = false;
    bar("bar-session", "");
    document.dispatchEvent(new Event(SEEN));
    document.dispatchEvent(new Event(RESUMED));
  }
  return true;
}

// Says that the session is over, and looks whether it has begun anew.
export function ended() {
  if (over) return;
  over = true;
  const link = h("a", { class: "btn btn-sm", href: "/masuk?lanjut=/tugas", target: "_blank" }, word("sign_in"));
  bar("bar-session", word("ended"), link);
  const look = async () => {
    if (over && document.visibilityState === "visible") await renew();
    if (over) setTimeout(look, AGAIN);
  };
  setTimeout(look, AGAIN);
}
for (const moment of ["focus", "pageshow"]) addEventListener(moment, () => over && renew());
document.addEventListener("visibilitychange", () => over && document.visibilityState === "visible" && renew());

export function watchSession() {
  const idle = Number(document.body.dataset.idleSeconds);
  if (!idle) return;
  let timer;
  const warn = () => {
    const stay = button(word("stay"), async () => ((await renew()) ? begin() : ended()));
    bar("bar-session", word("ending"), stay);
    timer = setTimeout(ended, WARNING * 1000);
  };
  const begin = () => {
    clearTimeout(timer);
    bar("bar-session", "");
    timer = setTimeout(warn, Math.max(0, idle - WARNING) * 1000);
  };
  document.addEventListener(SEEN, begin);
  begin();
}
