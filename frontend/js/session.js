// Two minutes before an idle session ends the page says so. The server tells how long is left, in seconds: the clock of an
// office PC may be wrong. Whatever reached the server since (a draft that saved itself) begins the time anew.
import { bar } from "./bar.js";
import { word } from "./words.js";

export const SEEN = "alur:seen";
const WARNING = 120;

export function watchSession() {
  const idle = Number(document.body.dataset.idleSeconds);
  if (!idle) return;
  let timer;
  const end = () => bar("bar-session", word("ended"));
  const warn = () => {
    const stay = document.createElement("button");
    stay.className = "btn btn-sm";
    stay.textContent = word("stay");
    stay.addEventListener("click", async () => {
      const answer = await fetch("/akun", { headers: { "X-Alur-Background": "1" } }).catch(() => null);
      if (answer?.ok) begin();
      else if (answer) end();
    });
    bar("bar-session", word("ending"), stay);
    timer = setTimeout(end, WARNING * 1000);
  };
  const begin = () => {
    clearTimeout(timer);
    bar("bar-session", "");
    timer = setTimeout(warn, Math.max(0, idle - WARNING) * 1000);
  };
  document.addEventListener(SEEN, begin);
  begin();
}
