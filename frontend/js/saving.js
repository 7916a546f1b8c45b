// Keeps what somebody types: in this browser at every pause between keys, on the server a moment later, again and again
// until it is there. It says of each state only what is true of it: clean, typing, saving, saved, local (in this
// browser alone), lost (nowhere: the browser keeps nothing), ended (the session), refused, conflict.
import { bar } from "./bar.js";
import { button, h } from "./elements.js";
import { RESUMED, SEEN, ended, renew } from "./session.js";
import { word } from "./words.js";

const PAUSE = 1_500;
const LONGEST = 8_000; // somebody who never pauses is saved all the same
const BATCH = 250;
const RETRIES = [2_000, 5_000, 10_000, 30_000, 60_000];
export const BEACON = 60_000; // what a browser still sends for a page that is gone

// Which tab this is: the server tells another tab's draft from one whose answer was lost on the way. A copy of a tab
// gets a name of its own, since the first one answers to the old name. A page has this module once in each of its
// bundles.
export const tab = () => sessionStorage.getItem("alur:tab");
const rename = () => sessionStorage.setItem("alur:tab", crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`);
if (!tab()) rename();
const here = (self.alurPage ??= `${Date.now()}-${Math.random()}`);
const others = "BroadcastChannel" in self ? new BroadcastChannel("alur:tab") : null;
others?.addEventListener("message", ({ data }) => {
  if (data.tab !== tab() || data.here === here) return;
  if (data.asks) others.postMessage({ tab: tab(), here });
  else rename();
});
others?.postMessage({ tab: tab(), here, asks: true });

export class Saver {
  // dirty(): whether the server lacks something; store(): keeps it in this browser, false if it could not;
  // post(options): sends it; taken(facts): the server has it; conflict(facts): true if that settled it; show(state,
  // facts).
  constructor(its) {
    Object.assign(this, its);
    this.tries = 0;
    this.halted = false;
    addEventListener("online", () => this.soon(0));
    document.addEventListener(RESUMED, () => this.soon(0));
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.leave());
    addEventListener("pagehide", () => this.leave());
    savers.add(this);
  }

  touch() {
    this.left = false;
    if (!this.dirty()) return void (this.running || this.rest());
    this.since ??= Date.now();
    clearTimeout(this.batch);
    this.batch = setTimeout(() => (this.kept = this.store()), BATCH);
    if (this.halted) return;
    if (!this.running) this.tell("typing");
    this.soon(Math.max(0, Math.min(PAUSE, this.since + LONGEST - Date.now())));
  }

  // What was typed is undone again: nothing is to be saved, and the line says what it said.
  rest() {
    clearTimeout(this.timer);
    clearTimeout(this.batch);
    this.since = null;
    this.store();
    if (this.state === "typing") this.tell(this.facts ? "saved" : "clean", this.facts);
  }

  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  save(options = {}) {
    clearTimeout(this.timer);
    if (this.halted || (!this.dirty() && !options.pick)) return Promise.resolve();
    this.running ??= this.send(options).finally(() => (this.running = null));
    return this.running;
  }

  async send(options, renewed = false) {
    this.kept = this.store();
    this.tell("saving");
    let answer;
    let facts = {};
    try {
      answer = await this.post(options);
      if (answer.redirected) return this.later(); // to a page that asks for something first: nothing was saved
      if (answer.headers.get("Content-Type")?.includes("json")) facts = await answer.json();
    } catch {
      return this.later();
    }
    if (answer.ok) {
      this.since = null;
      this.tries = 0;
      this.taken(facts, options);
      if (this.left) return; // for another page
      document.dispatchEvent(new Event(SEEN));
      if (this.dirty()) this.touch();
      else this.tell("saved", (this.facts = { at: facts.saved_at }));
    } else if (answer.status === 409) {
      this.halted = !this.conflict(facts);
      if (this.halted) this.tell("conflict", facts);
    } else if ([400, 401, 403].includes(answer.status)) {
      if (!renewed && (await renew())) return this.send(options, true);
      this.tell("ended");
      ended();
    } else if (answer.status < 500) {
      this.tell("refused", facts);
    } else this.later();
  }

  tell(state, facts) {
    this.state = state;
    this.show(state, facts);
  }

  later() {
    this.tell(this.kept ? "local" : "lost");
    this.soon(RETRIES[Math.min(this.tries++, RETRIES.length - 1)]);
  }

  leave() {
    if (this.dirty() && !this.left) this.kept = this.store();
    if (!this.running && !this.left) this.save({ keepalive: true });
  }

  // Waits until the server has everything, but not for ever; whether it has.
  async flush(limit = 4_000) {
    const enough = new Promise((done) => setTimeout(done, limit));
    for (let rounds = 0; rounds < 3 && !this.halted && (this.running || this.dirty()); rounds++)
      await Promise.race([this.running ?? this.save(), enough]);
    return !this.dirty();
  }
}

const savers = new Set();
const waited = new Set(); // forms whose submit has waited
const busy = () => [...savers].filter((saver) => !saver.left && (saver.running || saver.dirty()));
export const flushAll = () => Promise.all(busy().map((saver) => saver.flush()));

// Whoever goes elsewhere from here finds there what was typed here: a link and another form's button wait for it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (
    !link ||
    event.defaultPrevented ||
    event.button ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    link.target ||
    link.download
  )
    return;
  if (link.origin !== location.origin || link.href.split("#")[0] === location.href.split("#")[0] || !busy().length)
    return;
  event.preventDefault();
  flushAll().then(() => location.assign(link.href));
});
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (
      event.defaultPrevented ||
      form.dataset.draftUrl ||
      form.method !== "post" ||
      waited.delete(form) ||
      !busy().length
    )
      return;
    event.preventDefault();
    event.stopPropagation();
    flushAll().then(() => {
      waited.add(form);
      form.requestSubmit(event.submitter);
    });
  },
  true,
);

// What a line about saving says in each state.
export const told = (state, facts = {}) =>
  ({
    clean: () => "",
    typing: () => `● ${word("typing")}`,
    saving: () => word("saving"),
    saved: () => `✓ ${word("saved", facts)}`,
    local: () => `⚠ ${word("unsaved")}`,
    lost: () => `⚠ ${word("nowhere")}`,
    ended: () => `⚠ ${word("ended_short")}`,
    refused: () => `⚠ ${facts.message || word("nowhere")}`,
    conflict: () => `⚠ ${facts.message}`,
  })[state]();

// Two versions: the person chooses, and what they do not choose is put aside, not thrown away.
export function choose(facts, pick) {
  const link = (href, text) => h("a", { href, target: "_blank" }, text);
  const actions = facts.kept
    ? [link(facts.kept, word("download"))]
    : [
        button(word("use_here"), () => pick("sini")),
        button(word("use_there", facts), () => pick("sana")),
        link(location.pathname, word("see_other")),
      ];
  bar("bar-conflict", facts.message, h("span", { class: "button-row" }, actions));
}
