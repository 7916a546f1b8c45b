// A calendar beside a typed day (ARIA APG, date picker dialog): it knows on which days the office does not work, and
// says which holiday it is. Where it is not, the browser's own stays.
import { button, h } from "../elements.js";
import { word } from "../words.js";
import { dayOf, monthOf, plusDays, plusMonths, typed, weeksOf } from "./months.js";

const STEPS = {
  ArrowLeft: (day) => plusDays(day, -1),
  ArrowRight: (day) => plusDays(day, 1),
  ArrowUp: (day) => plusDays(day, -7),
  ArrowDown: (day) => plusDays(day, 7),
  PageUp: (day) => plusMonths(day, -1),
  PageDown: (day) => plusMonths(day, 1),
};
const named = (day, how) =>
  new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: "UTC", ...how }).format(new Date(`${day}T00:00Z`));

class Calendar {
  constructor(input, opener, address) {
    Object.assign(this, { input, opener, address, off: new Map() });
    const now = new Date();
    const today = typed(new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10));
    this.day = dayOf(input.value) ?? dayOf(today);
    this.title = h("strong", { "aria-live": "polite" });
    this.body = h("tbody");
    this.said = h("p", { class: "form-hint", role: "status" });
    const week = weeksOf("2024-01-01")[0]; // begins on a Monday
    const heads = week.map((each) => h("th", { scope: "col" }, named(each, { weekday: "short" })));
    this.element = h(
      "div",
      { class: "calendar card", role: "dialog", "aria-modal": "true", "aria-label": word("pick_day") },
      h(
        "p",
        { class: "button-row" },
        button("‹", () => this.go(plusMonths(this.day, -1), false), { "aria-label": word("month_before") }),
        this.title,
        button("›", () => this.go(plusMonths(this.day, 1), false), { "aria-label": word("month_after") }),
      ),
      h("table", { role: "grid" }, h("thead", {}, h("tr", {}, heads)), this.body),
      this.said,
    );
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.element.contains(event.relatedTarget)) this.close(false);
    });
    opener.closest(".date-input").append(this.element);
    this.go(this.day);
  }

  // Shows the month of a day, and which of its days are off as soon as that is known.
  async go(day, focus = true) {
    this.day = day;
    this.draw(focus);
    const month = monthOf(day);
    if (this.off.has(month)) return;
    const answer = await fetch(`${this.address}?bulan=${month}`).catch(() => null);
    this.off.set(month, answer?.ok ? await answer.json() : {});
    if (this.element.isConnected && monthOf(this.day) === month) this.draw(this.body.contains(document.activeElement));
  }

  draw(focus) {
    const off = this.off.get(monthOf(this.day)) ?? {};
    const cell = (day) => {
      if (!day) return h("td");
      const free = off[day];
      const label =
        named(day, { dateStyle: "full" }) + (free === undefined ? "" : `, ${word("day_off", { why: free })}`);
      const facts = {
        "data-day": day,
        "aria-label": label,
        title: free || null,
        tabindex: day === this.day ? 0 : -1,
        class: free === undefined ? "btn" : "btn day-off",
      };
      return h(
        "td",
        {},
        button(String(Number(day.slice(8))), () => this.choose(day), facts),
      );
    };
    this.title.textContent = named(this.day, { month: "long", year: "numeric" });
    this.body.replaceChildren(...weeksOf(this.day).map((week) => h("tr", {}, week.map(cell))));
    this.said.textContent = off[this.day] === undefined ? "" : word("day_off", { why: off[this.day] });
    if (focus) this.body.querySelector(`[data-day="${this.day}"]`).focus();
  }

  key(event) {
    const step = this.body.contains(event.target) && STEPS[event.key];
    if (step) this.go(step(this.day));
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(day) {
    this.input.value = typed(day);
    for (const name of ["input", "change"]) this.input.dispatchEvent(new Event(name, { bubbles: true }));
    this.close();
  }

  close(focus = true) {
    this.element.remove();
    if (focus) this.opener.focus();
  }
}

export function offerCalendars(root, address) {
  root.addEventListener(
    "click",
    (event) => {
      const opener = event.target.closest(".date-input > button");
      if (!opener) return;
      event.stopPropagation();
      const open = opener.parentElement.querySelector(".calendar");
      if (open) open.remove();
      else new Calendar(document.getElementById(opener.getAttribute("aria-controls")), opener, address);
    },
    true,
  );
}
