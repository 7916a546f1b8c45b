// Drafts save themselves ten seconds after the last change; what the network loses stays in this browser until the
// server has it: a form that was sent is forgotten on the receipt, not before.
import { SEEN } from "./session.js";
import { word } from "./words.js";

const WAIT = 10_000;
const account = document.body.dataset.account || "";
export const keyOf = (url) => `alur:${account}:${url}`;

const typed = (form) => {
  const found = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && !name.startsWith("_") && name !== "csrf_token") (found[name] ||= []).push(value);
  return JSON.stringify(found);
};

const bodyOf = (form, revision) => {
  const body = new FormData(form);
  for (const [name, value] of [...body]) if (value instanceof File) body.delete(name); // files go with the real submit
  body.delete("_sandi"); // a password goes with the real submit, never with a draft
  if (revision) body.set("_revisi", revision);
  return body;
};

export function saveDrafts(form) {
  const url = form.dataset.draftUrl;
  const state = form.querySelector(".draft-state");
  if (!url || !state) return;
  let revision = form.dataset.draftRevision;
  let saved = typed(form);
  let timer = null;
  let stopped = false;
  let saving = null;

  const save = () => {
    saving ||= send().finally(() => (saving = null));
    return saving;
  };
  const send = async () => {
    timer = null;
    const now = typed(form);
    if (stopped || now === saved) return;
    localStorage.setItem(keyOf(url), now);
    state.textContent = word("saving");
    try {
      const token = form.querySelector('[name="csrf_token"]').value;
      const answer = await fetch(url, { method: "POST", body: bodyOf(form, revision), headers: { "X-CSRFToken": token, "X-Alur-Background": "1" } });
      if (answer.status === 409) {
        stopped = true;
        state.textContent = (await answer.json()).message;
        state.setAttribute("role", "alert");
      } else if (answer.status === 401) {
        state.textContent = word("ended");
      } else if (answer.ok) {
        const facts = await answer.json();
        revision = facts.revision;
        const sent = form.querySelector('[name="_revisi"]');
        if (sent) sent.value = revision;
        saved = now;
        document.dispatchEvent(new Event(SEEN));
        localStorage.removeItem(keyOf(url));
        state.textContent = "✓ " + word("saved", { at: facts.saved_at });
      } else throw new Error(String(answer.status));
    } catch {
      state.textContent = "⚠ " + word("unsaved");
      timer = setTimeout(save, WAIT);
    }
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, WAIT);
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formTarget === "_blank") return; // a preview in another tab: typing goes on here
    if (saving) {
      // What is on its way makes the draft newer: only after its answer does the form know which draft it saw.
      event.preventDefault();
      saving.finally(() => form.requestSubmit(event.submitter));
      return;
    }
    stopped = true;
    clearTimeout(timer);
    localStorage.setItem(keyOf(url), typed(form));
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) stopped = false;
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && save());
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      save();
    }
  });
  restore(form, url, soon);
}

function restore(form, url, changed) {
  const kept = localStorage.getItem(keyOf(url));
  if (!kept) return;
  if (form.dataset.kept === "server" || kept === typed(form)) {
    localStorage.removeItem(keyOf(url));
    return;
  }
  for (const [name, values] of Object.entries(JSON.parse(kept)))
    [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)].forEach((input, index) => {
      if (input.type === "checkbox" || input.type === "radio") input.checked = values.includes(input.value);
      else if (input.type !== "file" && input.type !== "hidden" && values[index] !== undefined) input.value = values[index];
    });
  form.querySelector(".draft-state").textContent = word("local");
  form.dispatchEvent(new Event("change"));
  changed();
}

export function forgetWhatArrived() {
  for (const page of document.querySelectorAll("[data-arrived]"))
    for (const key of Object.keys(localStorage)) if (key.split("#")[0] === keyOf(page.dataset.arrived)) localStorage.removeItem(key);
}

// What the server does not have yet of the studio's drafts (studio/draft.js): its list says so, and names those begun from nothing.
export function listStudioDrafts() {
  const keys = Object.keys(localStorage);
  const known = [...document.querySelectorAll("[data-studio-draft]")].map((mark) => {
    mark.hidden = !keys.some((key) => key.split(/[?#]/)[0] === keyOf(mark.dataset.studioDraft));
    return mark.dataset.studioDraft;
  });
  document.querySelectorAll("[data-studio-drafts]").forEach((line) => {
    const prefix = keyOf(`${line.dataset.studioDrafts}/`);
    for (const key of keys.filter((each) => each.startsWith(prefix))) {
      const url = key.slice(keyOf("").length).split(/[?#]/)[0];
      if (known.includes(url)) continue;
      const link = document.createElement("a");
      link.href = `${url}?nama=`;
      link.textContent = url.split("/").pop();
      line.append(link, " ");
      line.hidden = false;
    }
  });
}

export function forgetOnSignOut() {
  document.querySelector(".sign-out")?.addEventListener("submit", () => {
    // A studio's draft that the server does not have stays, for its account alone: it is offered when they are back.
    for (const key of Object.keys(localStorage)) if (key.startsWith(`alur:${account}:`) && !key.startsWith(keyOf("/studio/"))) localStorage.removeItem(key);
  });
}
