// A long form part by part: one is seen at a time, the draft is saved when one goes on, and how the parts stand and
// what is answered comes from the server, which alone reads the draft. All parts are in the page: whoever has no script
// reads them one below the other, and one form sends them all.
import { echo } from "./echo.js";
import { h } from "./elements.js";
import { checkFiles } from "./files.js";
import { offerCalendars } from "./parts/calendar.js";
import { typeProposals, typeSelect } from "./parts/combobox.js";
import { followRows } from "./parts/rows.js";
import { addressOf, begins, following, viewOf } from "./parts/views.js";

const NARROW = "(max-width: 991px)";

class Parts {
  constructor(root, nav) {
    Object.assign(this, { root, nav, key: `alur:bagian:${location.pathname}` });
    this.parts = [...root.querySelectorAll("[data-part]")];
    this.ids = this.parts.map((part) => part.dataset.part);
    this.links = [...nav.querySelectorAll("li > a")];
    this.next = root.querySelector("[data-next]");
    this.complete = root.querySelector("[data-complete]");
    this.answers = root.querySelector("[data-answers]");
    nav.querySelector("[data-check]")?.setAttribute("href", "#periksa");
    this.next?.addEventListener("click", () => this.advance());
    addEventListener("hashchange", () => this.follow());
    root.addEventListener("alur:reveal", (event) => this.show(this.partOf(event.target)));
    this.touched = new Set();
    root.addEventListener("change", ({ target }) => {
      if (target.name) this.touched.add(target.name);
      if ("decision" in target.dataset) this.refresh();
    });
    this.begin();
  }

  // Every part but the answers, with its state as the server last said it.
  standing() {
    const states = [...this.nav.querySelectorAll("[data-state]")].map((mark) => mark.dataset.state);
    return this.ids.filter((id) => id !== "periksa").map((id, n) => ({ id, state: states[n] }));
  }

  partOf(element) {
    return element?.closest("[data-part]")?.dataset.part ?? null;
  }

  within(place) {
    return this.partOf(document.getElementById(place));
  }

  asked() {
    return viewOf(location.hash, this.ids, (place) => this.within(place));
  }

  begin() {
    const wrong = this.partOf(this.root.querySelector(".invalid-feedback"));
    const kept = sessionStorage.getItem(this.key);
    const narrow = matchMedia(NARROW).matches;
    const how = { wrong, kept, narrow, answers: Boolean(this.answers) };
    this.show(this.asked() ?? begins(this.standing(), how));
    if (this.asked()) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }

  // Somebody goes to another part, or to a field in one.
  follow() {
    const view = this.asked();
    if (!view) return;
    const from = this.view;
    this.show(view);
    const place = document.getElementById(location.hash.slice(1));
    if (place?.id.startsWith("f-")) place.focus();
    else this.top(view);
    if (from !== view && this.answers) this.refresh();
  }

  // Goes on to the next part, unless something in this one is wrong: that is said here first. What is only missing may
  // wait.
  async advance() {
    const { view } = this;
    const part = this.parts.find((each) => each.dataset.part === view);
    await this.refresh();
    if (this.view !== view) return; // somebody went elsewhere meanwhile
    part?.querySelector("[data-wrong]")?.remove();
    const n = this.standing().findIndex((each) => each.id === view);
    const faults = this.standing()[n]?.state === "faulty" && this.answers.querySelectorAll("section")[n];
    const told = faults && faults.querySelector("ul.bad")?.cloneNode(true);
    if (!told) return void (location.hash = addressOf(following(this.standing(), view)));
    const box = h("div", { class: "notice notice-merah", role: "alert", tabindex: "-1", "data-wrong": true }, told);
    part.prepend(box);
    box.focus();
    box.scrollIntoView({ block: "center" });
  }

  // To the head of a view, where reading begins.
  top(view) {
    const part = this.parts.find((each) => each.dataset.part === view);
    const head = part?.querySelector("h2, fieldset, [tabindex]") ?? this.nav;
    if (!head.hasAttribute("tabindex")) head.tabIndex = -1;
    head.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  show(view) {
    if (!view) return;
    const before = this.view;
    this.view = view;
    sessionStorage.setItem(this.key, view);
    this.root.dataset.view = this.nav.dataset.view = view;
    for (const part of this.parts) part.hidden = view !== "semua" && part.dataset.part !== view;
    this.links.forEach((link) => {
      if (link.hash === addressOf(view)) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    });
    this.nav.querySelector("[data-list]").hidden = view === "daftar";
    if (this.next) this.next.hidden = view === "periksa" || view === "semua";
    if (this.complete) this.complete.hidden = !this.next?.hidden;
    if (view === "periksa" && before === undefined) this.refresh();
    // A text that was not to be seen has its height only now; this is for the text alone, and nothing was typed.
    this.root
      .querySelectorAll("textarea")
      .forEach((area) => area.offsetParent && area.dispatchEvent(new Event("input")));
  }

  // Saves what was typed, and asks how the parts stand then; without a connection what was said last stays.
  async refresh() {
    const flush = { done: null };
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.answers.setAttribute("aria-busy", "true");
    this.root.dispatchEvent(new CustomEvent("alur:flush", { detail: flush }));
    await flush.done;
    const answer = await fetch(this.answers.dataset.answers, { headers: { "X-Alur-Background": "1" } }).catch(
      () => null,
    );
    const text = answer?.ok && !answer.redirected ? await answer.text() : "";
    if (turn !== this.turn) return; // asked again meanwhile
    this.answers.removeAttribute("aria-busy");
    if (!text) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    const marks = page.querySelectorAll("[data-parts] [data-state]");
    this.nav.querySelectorAll("[data-state]").forEach((mark, n) => marks[n] && mark.replaceWith(marks[n]));
    this.answers.replaceChildren(...page.querySelector("[data-answers]").childNodes);
    for (const link of this.answers.querySelectorAll("a[href*='#f-']"))
      if (link.pathname === location.pathname) link.setAttribute("href", link.hash);
    this.clear();
  }

  // A message goes when its field was mended: somebody typed there, and the answers no longer say that it is wrong.
  clear() {
    const box = this.root.querySelector("[data-error-summary]");
    const wrong = [...this.answers.querySelectorAll("ul.bad li")];
    if (!box || wrong.some((line) => !line.querySelector("a"))) return; // it does not name them all
    const still = new Set(wrong.map((line) => line.querySelector("a").hash));
    for (const line of box.querySelectorAll("[data-error-for]")) {
      const path = line.dataset.errorFor;
      const place = line.querySelector("a")?.hash;
      const mended = [...this.touched].some((name) => name === path || name.startsWith(`${path}.`));
      if (!mended || still.has(place)) continue;
      line.remove();
      document.getElementById(`${place.slice(1)}-error`)?.remove();
      this.root.querySelectorAll(`[name="${CSS.escape(path)}"]`).forEach((field) => {
        field.removeAttribute("aria-invalid");
        field.classList.remove("is-invalid");
      });
    }
    const left = box.querySelectorAll("li").length;
    const head = box.querySelector("h2");
    head.textContent = head.textContent.replace(/\d+/, left);
    if (!left) box.remove();
  }
}

const root = document.querySelector(".task-form");
const nav = document.querySelector("[data-parts]");
const choosing = (within) => {
  within.querySelectorAll("select[data-people]").forEach(typeSelect);
  within.querySelectorAll("input[list]").forEach(typeProposals);
};
if (root?.tagName === "FORM") {
  choosing(root);
  offerCalendars(root, root.dataset.daysOff);
  followRows(root, (line) => {
    echo(line);
    checkFiles(line);
    choosing(line);
  });
}
if (root && nav) new Parts(root, nav);
