// The fields of a table's rows after a save: what the server computes from them, and what it finds wrong with them.
import { button, h } from "../elements.js";

// A field whose value follows from others gives way to it, and comes back when nothing follows any more.
function showDerived(place, follows, text) {
  const out = place.parentElement.querySelector("output.form-control-plaintext");
  place.hidden = follows;
  if (!follows) out?.remove();
  else if (out) out.textContent = text;
  else place.after(h("output", { class: "form-control-plaintext" }, text));
}

// What is missing is no fault while one types: only what was typed can be wrong.
function showFaults(place, faults) {
  const cell = place.closest("td");
  const id = `${place.id}-error`;
  document.getElementById(id)?.remove();
  place.classList.toggle("is-invalid", faults.length > 0);
  if (faults.length) place.setAttribute("aria-invalid", "true");
  else place.removeAttribute("aria-invalid");
  if (!faults.length) return;
  const choose = (value) => () => {
    place.value = value;
    place.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const lines = faults.map(({ m, c }) =>
    h(
      "div",
      {},
      `⚠ ${m} `,
      c.map(([value, reading]) => button(reading, choose(value))),
    ),
  );
  cell.prepend(h("div", { id, class: "invalid-feedback d-block" }, lines));
}

function show(line, path, row) {
  for (const cell of line.querySelectorAll(`[id^="f-${path}-${row.i}-"]`)) {
    const name = cell.id.slice(`f-${path}-${row.i}-`.length);
    if (cell.closest("td.given")) cell.textContent = row.s[name] ?? "–";
    else if (cell.matches("input:not([type=checkbox], [type=file]), textarea, select")) {
      showDerived(cell, row.g.includes(name), row.s[name] ?? "");
      showFaults(
        cell,
        (row.e[name] ?? []).filter((fault) => !fault.r),
      );
    }
  }
}

export function followFigures(form) {
  const table = form.querySelector("[data-rows]");
  if (!("plainGrid" in form.dataset) || !table) return;
  const path = table.dataset.rows.replaceAll(".", "-");
  form.addEventListener("alur:saved", ({ detail: { rows = [] } }) => {
    for (const row of rows) {
      const line = table.querySelector(`tr[data-row="${row.i}"]`);
      if (line) show(line, path, row);
    }
  });
}
