// The draft is saved on the server after every change. This browser keeps a copy of what the server does not have yet,
// each tab its own (#), and offers what an earlier version of Alur kept here alone, by the version that it began from
// (?dasar=).
import { keyOf } from "../drafts.js";
import { ask, bench } from "./page.js";

const COPIES = keyOf(`${bench.pageUrl}#`);
const OLDER = keyOf(`${bench.pageUrl}?dasar=`);
const AGAIN = 10_000; // milliseconds until what did not arrive is sent again
const writer = `${Date.now()}-${Math.random()}`; // this tab
const KEY = COPIES + writer;

export const draft = {
  revision: bench.draft?.revision ?? 0,
  other: null, // what was saved elsewhere meanwhile: nothing is sent until one of the two is chosen

  // What this browser keeps and the server does not have: [{ key, changes, base, version, revision, at }].
  local() {
    const kept = Object.keys(localStorage)
      .filter((key) => key.startsWith(COPIES) || key.startsWith(OLDER))
      .map((key) => ({ base: key.slice(OLDER.length), ...parse(localStorage.getItem(key)), key }));
    const arrived = ({ changes }) => !changes || same(changes, bench.draft?.changes); // only its answer was lost
    for (const each of kept) if (arrived(each)) draft.forget(each.key);
    return kept.filter((each) => localStorage.getItem(each.key) !== null);
  },

  // Whether a copy goes on from the very draft that the server has.
  continues: (kept) => kept.key.startsWith(COPIES) && kept.revision === draft.revision && kept.base === bench.base,

  forget: (key = KEY) => localStorage.removeItem(key),

  // Tells what became of *changes*: { state: "saved" | "twice" | "ended" | "barred" | "kept" | "unsaved", at, message
  // }.
  async save(changes) {
    draft.latest = changes;
    let kept = true;
    try {
      localStorage.setItem(
        KEY,
        JSON.stringify({ changes, base: bench.base, version: bench.version, revision: draft.revision, at: Date.now() }),
      );
    } catch {
      kept = false; // no room: the server has it all the same
    }
    if (draft.other) return { state: "twice" };
    draft.sending ??= draft.flush().finally(() => (draft.sending = null));
    const told = await draft.sending;
    return told.state === "kept" && !kept ? { state: "unsaved" } : told;
  },

  async flush() {
    let told;
    do {
      const changes = draft.latest;
      draft.latest = null;
      told = await draft.send(changes);
      if (told.state !== "saved") draft.latest ??= changes;
      else if (!draft.latest) draft.forget();
    } while (draft.latest && told.state === "saved");
    clearTimeout(draft.timer);
    if (told.state === "kept") draft.timer = setTimeout(() => draft.again?.(), AGAIN);
    return told;
  },

  // *choice*: "ini" puts aside what the server has, "itu" puts these changes aside.
  async send(changes, choice, base = bench.base) {
    const revision = draft.other?.revision ?? draft.revision;
    const { over, status, told } = await ask(bench.draftUrl, {
      dasar: base,
      berkas: changes,
      revisi: revision,
      penulis: writer,
      pilih: choice,
    });
    if (over) return { state: over === "lost" ? "kept" : over };
    if (status === 409 && told.draft) {
      draft.other = told.draft;
      return { state: "twice" };
    }
    if (status >= 400) return { state: status < 500 ? "unsaved" : "kept", message: told.message };
    if (choice !== "itu") {
      [draft.revision, draft.other] = [told.revision, null];
      history.replaceState(null, "", bench.pageUrl); // from now on that page is the draft, whatever it began with
    }
    return { state: "saved", at: told.saved_at };
  },
};

const same = (some, others) => {
  const paths = Object.keys(some);
  return (
    Boolean(others) && paths.length === Object.keys(others).length && paths.every((path) => some[path] === others[path])
  );
};

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
