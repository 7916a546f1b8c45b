// Keys of a list. They act only while a row has the focus (WCAG 2.1.4), and move it from row to row; without scripts
// rows are reached by Tab, and every deed has its button.

export const listKeys = (table) => {
  const links = () => [...table.querySelectorAll("tbody .task-title a")];
  const boxes = () => [...table.querySelectorAll('tbody input[type="checkbox"]')];
  const help = document.querySelector("[data-list-keys]");
  const all = table.querySelector("[data-tick-all]");
  const deeds = document.querySelector(".list-deeds");

  const count = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    deeds?.classList.toggle("is-ticked", ticked > 0);
    if (!all) return;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  };
  const tickAll = (on) => {
    for (const box of boxes()) box.checked = on;
    count();
  };
  const go = (place) => {
    const rows = links();
    rows[Math.max(0, Math.min(rows.length - 1, place))]?.focus();
  };

  if (help) help.hidden = false;
  if (all) all.hidden = false;
  all?.addEventListener("change", () => tickAll(all.checked));
  table.addEventListener("change", count);
  table.addEventListener("keydown", (event) => {
    const row = event.target.closest("tbody tr");
    if (!row || event.altKey || event.metaKey) return;
    const place = links().indexOf(row.querySelector(".task-title a"));
    const box = row.querySelector('input[type="checkbox"]');
    const moves = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: Infinity };
    if (event.ctrlKey) {
      if (event.key !== "a" || !all) return;
      tickAll(!all.checked);
    } else if (event.key in moves) {
      go(moves[event.key]);
    } else if (event.key === " " && event.target.matches(".task-title a") && box) {
      box.checked = !box.checked;
      count();
    } else if (event.key === "?" && help) {
      help.open = !help.open;
      help.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  });
  count();
};
