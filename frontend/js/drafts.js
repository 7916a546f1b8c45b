// The draft of a form: saved by itself while one types (saving.js), kept in this browser until the server has exactly
// that. A copy in the browser never overrules a newer draft of the server: what is left of it is put aside there, and
// the page offers it.
import { SHOWN, addKept, keptOf, sendAhead, shownIn } from "./files.js";
import { BEACON, Saver, choose, flushAll, tab, told } from "./saving.js";
import { bar } from "./bar.js";
import { h } from "./elements.js";
import { word } from "./words.js";

const COMPUTE = 300; // how soon what follows from a row is asked for
const account = document.body.dataset.account || "";
export const keyOf = (url) => `alur:${account}:${url}`;
const read = (key) => {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
};

const own = (name) => name.startsWith("_") || name === "csrf_token";
const typed = (form) => {
  const found = {};
  for (const [name, value] of new FormData(form))
    if (typeof value === "string" && !own(name)) (found[name] ||= []).push(value);
  return found;
};
const bodyOf = (values, files, more) => {
  const body = new FormData(); // made anew: files go by themselves, and a password goes with the real submit
  for (const [name, texts] of Object.entries(values)) for (const text of texts) body.append(name, text);
  for (const id of files) body.append(SHOWN, id);
  for (const [name, text] of Object.entries(more)) body.set(name, text);
  return body;
};

export function saveDrafts(form) {
  const url = form.dataset.draftUrl;
  const line = form.querySelector(".draft-state");
  const seen = form.querySelector('[name="_revisi"]');
  if (!url || !line || !seen) return;
  const key = keyOf(url);
  const mark = form.appendChild(h("input", { type: "hidden", name: "_tab", value: tab() }));
  const content = () => JSON.stringify(typed(form));
  let saved = content();
  let going = "";
  let note = "";

  const store = (sent = false) => {
    try {
      if (!sent && !saver.dirty()) localStorage.removeItem(key);
      else
        localStorage.setItem(
          key,
          JSON.stringify({
            values: typed(form),
            files: keptOf(form),
            shown: shownIn(form),
            revision: seen.value,
            tab: tab(),
            sent,
          }),
        );
      return true;
    } catch {
      return false;
    }
  };
  const post = ({ keepalive = false, pick = "" }, values = typed(form), revision = seen.value) => {
    going = JSON.stringify(values);
    const token = form.querySelector('[name="csrf_token"]').value;
    const body = bodyOf(values, shownIn(form), {
      _revisi: revision,
      _tab: (mark.value = tab()),
      ...(pick && { _pilih: pick }),
      csrf_token: token,
    });
    return fetch(url, {
      method: "POST",
      body,
      keepalive: keepalive && going.length * 2 < BEACON,
      headers: { "X-Alur-Background": "1" },
    });
  };
  const saver = new Saver({
    dirty: () => content() !== saved,
    store: () => store(),
    post,
    taken(facts, { pick }) {
      if (pick === "sana") {
        localStorage.removeItem(key);
        saver.left = true;
        location.reload();
        return;
      }
      saved = going;
      seen.value = facts.revision;
      form.dispatchEvent(new CustomEvent("alur:saved", { detail: facts }));
      bar("bar-conflict", "");
      store();
    },
    conflict(facts) {
      line.setAttribute("role", "alert");
      if (facts.kept) localStorage.removeItem(key);
      choose(facts, (pick) => {
        saver.halted = false;
        line.setAttribute("role", "status");
        saver.save({ pick });
      });
      return false;
    },
    facts: form.dataset.draftAt && { at: form.dataset.draftAt },
    show: (state, facts) => (line.textContent = told(state, facts) + note),
  });
  sendAhead(form, saver);

  form.addEventListener("input", () => saver.touch());
  form.addEventListener("change", () => {
    saver.touch();
    if ("plainGrid" in form.dataset && saver.dirty()) saver.soon(COMPUTE);
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.formTarget === "_blank") return; // a preview in another tab: typing goes on here
    if (event.submitter?.matches("[data-enter]") || saver.running) {
      // What is on its way makes the draft newer: only after its answer does the form know which draft it saw.
      event.preventDefault();
      if (saver.running) saver.running.finally(() => form.requestSubmit(event.submitter));
      else saver.save();
      return;
    }
    mark.value = tab();
    saver.left = true;
    clearTimeout(saver.timer);
    clearTimeout(saver.batch);
    if (saver.dirty() || form.querySelector('input[type="file"]')) store(true);
  });
  form.addEventListener("alur:flush", (event) => (event.detail.done = saver.flush()));
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      saver.save();
    }
  });

  // What an earlier page left in this browser.
  const left = read(key);
  const mine = left?.tab && left.tab === form.dataset.draftWriter;
  if (!left || JSON.stringify(left.values ?? left) === saved) {
    localStorage.removeItem(key);
    if ("sent" in form.dataset) {
      saved = ""; // the page came back with what was typed, which no draft holds
      saver.touch();
    }
  } else if (mine && left.sent && left.revision !== seen.value) {
    localStorage.removeItem(key); // it was sent with a button, and arrived
  } else if (mine || left.revision === seen.value || "plainGrid" in form.dataset) {
    fill(form, left);
    note = ` · ${word("local")}`;
    form.dispatchEvent(new Event("change"));
  } else {
    post({ pick: "sana" }, left.values ?? left, left.revision ?? -1)
      .then((answer) => {
        if (!answer.ok) return;
        localStorage.removeItem(key);
        if (!saver.dirty()) location.reload();
      })
      .catch(() => null); // it stays here until the next time
  }
}

// A form without a draft on the server (the correction of a letter, the reason why it goes back) is kept in this
// browser alone: it is there again after the menu, the way back and the end of the session.
export function keepTyped(form) {
  if (!form.dataset.keep) return;
  const key = keyOf(form.dataset.keep);
  const begun = JSON.stringify(typed(form));
  const store = () => {
    try {
      if (JSON.stringify(typed(form)) === begun && !("sent" in form.dataset)) localStorage.removeItem(key);
      else localStorage.setItem(key, JSON.stringify({ values: typed(form) }));
    } catch {
      // a browser that keeps nothing
    }
  };
  const left = read(key);
  if ("sent" in form.dataset) store();
  else if (left && JSON.stringify(left.values) !== begun) {
    fill(form, left);
    form.querySelector(".draft-state").textContent = word("local");
    form.dispatchEvent(new Event("change"));
    const folded = form.closest("details");
    if (folded) folded.open = true;
  }
  form.addEventListener("input", store);
  form.addEventListener("change", store);
}

function fill(form, left) {
  for (const [id, file] of Object.entries(left.files ?? {})) addKept(form, id, ...file);
  for (const [name, values] of Object.entries(left.values ?? left))
    [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)].forEach((input, index) => {
      if (input.type === "checkbox" && input.parentElement.querySelector(`[name="${SHOWN}"]`))
        input.checked &&= values.includes(input.value) || !left.shown?.includes(input.value);
      else if (input.type === "checkbox" || input.type === "radio") input.checked = values.includes(input.value);
      else if (input.type !== "file" && input.type !== "hidden" && values[index] !== undefined)
        input.value = values[index];
    });
}

export function forgetWhatArrived() {
  for (const page of document.querySelectorAll("[data-arrived]"))
    for (const key of Object.keys(localStorage))
      if (key.split("#")[0] === keyOf(page.dataset.arrived)) localStorage.removeItem(key);
}

// What the server does not have yet of the studio's drafts (studio/draft.js): its list says so, and names those begun
// from nothing.
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
      line.append(h("a", { href: `${url}?nama=` }, url.split("/").pop()), " ");
      line.hidden = false;
    }
  });
}

// Signing out empties this browser. What only it has is sent before; what cannot be sent, the person decides.
export function askOnSignOut() {
  const form = document.querySelector(".sign-out");
  form?.addEventListener("submit", async (event) => {
    if (form.dataset.asked) return;
    event.preventDefault();
    const token = form.querySelector('[name="csrf_token"]').value;
    const keys = () =>
      Object.keys(localStorage).filter((key) => key.startsWith(keyOf("/tugas/")) && key.endsWith("/draf"));
    await flushAll();
    // A form does not submit again while its submit is being told (HTML, "firing submission events").
    await new Promise((go) => setTimeout(go));
    for (const key of keys()) {
      const left = read(key);
      const body = bodyOf(left?.values ?? {}, left?.shown ?? [], {
        _revisi: left?.revision ?? -1,
        _pilih: left?.sent ? "sana" : "sini",
        csrf_token: token,
      });
      const answer =
        left &&
        (await fetch(key.slice(keyOf("").length), {
          method: "POST",
          body,
          headers: { "X-Alur-Background": "1" },
        }).catch(() => null));
      if (!left || answer?.ok || answer?.status === 409) localStorage.removeItem(key);
    }
    const rest = Object.keys(localStorage).filter((key) => key.startsWith(keyOf("/tugas/"))).length;
    if (rest && !confirm(word("unsent", { n: rest }))) return;
    // A studio's draft that the server does not have stays, for its account alone: it is offered when they are back.
    for (const key of Object.keys(localStorage))
      if (key.startsWith(keyOf("")) && !key.startsWith(keyOf("/studio/"))) localStorage.removeItem(key);
    form.dataset.asked = "1";
    form.requestSubmit();
  });
}
