// A draft lives in this browser, keyed by account, procedure and the version it began from, as the drafts of forms do: the
// server knows nothing of it before it is deployed. The result page of a deployment forgets it (drafts.js).
import { keyOf } from "../drafts.js";
import { bench } from "./page.js";

export const draft = {
  read: () => parse(localStorage.getItem(keyOf(bench.draftUrl))),
  write(changes, version) {
    localStorage.setItem(keyOf(bench.draftUrl), JSON.stringify({ changes, version, at: Date.now() }));
  },
  forget: (key = keyOf(bench.draftUrl)) => localStorage.removeItem(key),
  // Drafts of this procedure over other versions: [{ key, changes, version, at }].
  older() {
    const prefix = keyOf(`${bench.pageUrl}?dasar=`);
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(prefix) && key !== keyOf(bench.draftUrl))
      .map((key) => ({ key, ...parse(localStorage.getItem(key)) }))
      .filter((each) => each.changes);
  },
};

function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
