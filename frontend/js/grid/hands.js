// Keys and the mouse on the table's cells.

const cellOf = (event) => event.target.closest("td[role=gridcell]");

// A key with what is held beside it: "Ctrl+z", "Alt+ArrowDown".
function nameOf(event) {
  if (event.ctrlKey || event.metaKey) return `Ctrl+${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
  return event.altKey ? `Alt+${event.key}` : event.key;
}

function deedOf(event, grid) {
  const { sheet, selection, table, editor, panel, sync } = grid;
  const { first, last } = selection;
  const { r, c } = selection.focus;
  const go = (row, column) => () => grid.go(row, column, event.shiftKey);
  const begin = () => editor.begin();
  const clear = () => sheet.change(selection.emptied());
  const deeds = {
    ArrowUp: go(selection.step(r, -1), c),
    ArrowDown: go(selection.step(r, 1), c),
    ArrowLeft: go(r, c - 1),
    ArrowRight: go(r, c + 1),
    Home: go(r, 0),
    End: go(r, sheet.columns.length - 1),
    "Ctrl+Home": go(first, 0),
    "Ctrl+End": go(last, sheet.columns.length - 1),
    PageUp: () => grid.go(Math.max(first, r - table.page(r)), c, event.shiftKey),
    PageDown: () => grid.go(Math.min(last, r + table.page(r)), c, event.shiftKey),
    Enter: begin,
    F2: begin,
    " ": begin,
    "Alt+ArrowDown": begin,
    F4: () => panel.enter(),
    F8: () => grid.nextFault(event.shiftKey ? -1 : 1),
    Delete: clear,
    Backspace: clear,
    "Ctrl+z": () => sheet.undo(),
    "Ctrl+y": () => sheet.redo(),
    "Ctrl+s": () => sync.save(),
    "Ctrl+a": () => {
      selection.all();
      table.mark(selection);
    },
  };
  return deeds[nameOf(event)];
}

export function followHands(grid) {
  const { sheet, table, editor, notes, say, data } = grid;

  table.body.addEventListener("keydown", (event) => {
    if (!cellOf(event) || editor.open) return;
    const deed = deedOf(event, grid);
    const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!deed && !typed) return;
    event.preventDefault();
    if (deed && event.key !== " ") event.stopPropagation();
    if (deed) deed();
    else editor.begin(event.key);
  });

  table.body.addEventListener("mousedown", (event) => {
    const cell = cellOf(event);
    if (event.target.closest("[data-deed], [data-proof]") || !cell || editor.open?.cell === cell) return;
    event.preventDefault();
    if (editor.open) editor.close(true);
    grid.go(Number(cell.parentElement.dataset.row), Number(cell.dataset.c), event.shiftKey);
  });
  table.body.addEventListener("dblclick", (event) => cellOf(event) && !editor.open && editor.begin());

  table.body.addEventListener("click", (event) => {
    const proof = event.target.closest("[data-proof]");
    if (!proof) return;
    grid.go(Number(proof.closest("tr").dataset.row), grid.selection.focus.c);
    grid.proofs.enter();
  });

  // Accepting or returning a row, where one verifies.
  table.body.addEventListener("click", (event) => {
    const deed = event.target.closest("[data-deed]");
    if (!deed) return;
    const r = Number(deed.closest("tr").dataset.row);
    if (deed.dataset.deed === "return") return void grid.returning.ask(r);
    const { column, accept } = data.verify;
    sheet.change([[r, column, [accept]]]);
    notes.tell(say("accepted", { n: 1 }), true);
  });
}
