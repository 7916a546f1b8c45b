// Which part of a long form is shown: one by its id, "periksa" (the answers), "semua" (everything), "daftar" (the list
// alone, where it has the screen to itself). It knows no page.

const WHOLE = ["periksa", "semua", "daftar"];
const DONE = ["complete", "locked"];

// What the place in an address asks for; null if it says nothing of the form. *within* tells in which part a place is.
export function viewOf(hash, ids, within = () => null) {
  const place = decodeURIComponent(hash.replace(/^#/, ""));
  if (WHOLE.includes(place)) return place;
  const id = place.startsWith("bagian-") ? place.slice("bagian-".length) : place && within(place);
  return ids.includes(id) ? id : null;
}

// Where one begins: at what is wrong, where one was, at the answers if nothing is left to do, else at what is.
export function begins(parts, { wrong = null, kept = null, answers = false, narrow = false }) {
  if (wrong) return wrong;
  const still = kept === "periksa" ? answers : WHOLE.includes(kept) || parts.some((part) => part.id === kept);
  if (still) return kept;
  const open = parts.find((part) => !DONE.includes(part.state));
  if (!open && answers && parts.every((part) => part.state === "complete")) return "periksa";
  return narrow ? "daftar" : (open ?? parts[0]).id;
}

// What comes after *current*: the next part that can be filled in; the answers after the last.
export function following(parts, current) {
  const at = parts.findIndex((part) => part.id === current);
  return parts.slice(at + 1).find((part) => part.state !== "locked")?.id ?? "periksa";
}

export const addressOf = (view) => (WHOLE.includes(view) ? `#${view}` : `#bagian-${view}`);
