// What is typed, as the server reads it while it is typed: a day with its weekday and what the office's calendar says
// of it, a time, a number. One reader (engine/forms) decides, here and when the form is sent; without it nothing is
// shown.
import { h, iconAt } from "./elements.js";
import { word } from "./words.js";

const WAIT = 250;
const NUMBERS = { decimal: "number", whole: "integer", money: "money", percent: "percent" };
const address = document.body.dataset.readingUrl;

function kindOf(input) {
  if ("date" in input.dataset) return "date";
  return "time" in input.dataset ? "time" : NUMBERS[input.dataset.number];
}

// In the rows of a table only days are echoed: a grid of numbers would be twice as high.
function outputOf(input) {
  const known = document.getElementById(`${input.id}-reading`);
  if (known || (!("date" in input.dataset) && input.closest("td"))) return known;
  const made = h("output", { class: "form-hint", id: `${input.id}-reading`, for: input.id });
  (input.closest(".date-input") ?? input).after(made);
  return made;
}

function follow(input) {
  let timer = null;
  let asked = null;
  const ask = async () => {
    const out = outputOf(input);
    if (!out || !input.value.trim()) return;
    asked = new AbortController();
    try {
      const query = new URLSearchParams({ jenis: kindOf(input), teks: input.value });
      const answer = await fetch(`${address}?${query}`, { signal: asked.signal });
      if (!answer.ok) return;
      const said = await answer.json();
      out.replaceChildren(said.reading ? word("read", { value: said.reading }) : "");
      const calm = said.reading || document.activeElement !== input; // half a day is no day yet
      if (said.notice && calm) out.append(h("strong", { class: "reading-notice" }, ` ⚠ ${said.notice}`));
    } catch {
      // Offline, or typed on meanwhile: nothing is better than what stood there before.
    }
  };
  input.addEventListener("input", () => {
    asked?.abort();
    clearTimeout(timer);
    outputOf(input)?.replaceChildren();
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("blur", () => !outputOf(input)?.textContent && ask());
}

const DAY = /^\s*(\d{1,2})\s*[-/. ]\s*(\d{1,2})\s*[-/. ]\s*(\d{4})\s*$/;

// The browser's own calendar beside a typed day; what is picked is written as people type it.
function offerCalendar(input) {
  if (!HTMLInputElement.prototype.showPicker || input.disabled || input.closest("fieldset:disabled")) return;
  const native = h("input", { type: "date", tabindex: -1, class: "date-native", "aria-hidden": "true" });
  const sprite = document.querySelector("use")?.getAttribute("href").split("#")[0];
  const label = word("pick_day");
  const button = h(
    "button",
    {
      type: "button",
      class: "btn btn-icon no-print",
      title: label,
      "aria-label": label,
      "aria-controls": input.id,
    },
    iconAt(`${sprite}#calendar`),
  );
  const around = h("span", { class: "date-input" });
  input.before(around);
  around.append(input, button, native);
  button.addEventListener("click", () => {
    const [, day, month, year] = DAY.exec(input.value) ?? [];
    native.value = year ? `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}` : "";
    native.showPicker();
  });
  native.addEventListener("change", () => {
    const [year, month, day] = native.value.split("-").map(Number);
    if (!day) return;
    input.value = `${day}/${month}/${year}`;
    for (const name of ["input", "change"]) input.dispatchEvent(new Event(name, { bubbles: true }));
    button.focus();
  });
}

// How much room is left, from 80 % on, and by how much it is exceeded.
function count(input) {
  const most = Number(input.dataset.limit);
  const left = h("p", { class: "form-hint", "aria-live": "polite" });
  input.after(left);
  const update = () => {
    const room = most - [...input.value].length;
    left.classList.toggle("bad", room < 0);
    left.textContent =
      room < 0 ? word("too_long", { over: -room }) : room < most / 5 ? word("characters", { left: room }) : "";
  };
  input.addEventListener("input", update);
  if (input.value) update();
}

export function echo(form) {
  form.querySelectorAll("[data-date]").forEach(offerCalendar);
  if (address) form.querySelectorAll("[data-date], [data-time], [data-number]").forEach(follow);
  form.querySelectorAll("[data-limit]").forEach(count);
}
