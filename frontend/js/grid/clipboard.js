// Blocks to and from a spreadsheet.
import { parseBlock, writeBlock } from "./block.js";
import { isFile, valueOf } from "./columns.js";

// What putting *block* at the marked cells changes, and how many of its cells find no room. A single cell fills all
// that are marked; a block begins at their corner. Rows that a filter hides are passed over.
export function spread(block, selection) {
  const { sheet } = selection;
  const { top, left, right } = selection.range;
  const single = block.length === 1 && block[0].length === 1;
  const below = selection.shown.filter((r) => r >= top).slice(0, block.length);
  const lines = single
    ? selection.marked().map(({ r }) => [r, Array(right - left + 1).fill(block[0][0])])
    : below.map((r, n) => [r, block[n]]);
  const changes = [];
  let refused = 0;
  for (const [r, texts] of lines)
    texts.forEach((text, m) => {
      const column = sheet.columns[left + m];
      if (!column || !sheet.editable(r, column) || isFile(column)) refused += 1;
      else changes.push([r, column.name, valueOf(column, text)]);
    });
  return { changes, refused };
}

export function followClipboard(grid) {
  const { sheet, selection } = grid;
  const mine = (event) => !grid.editor.open && event.target.closest?.("td[role=gridcell]");

  function copy(event, cut = false) {
    if (!mine(event)) return;
    const block = selection.marked().map(({ r, columns }) => columns.map((column) => sheet.copyOf(r, column)));
    event.clipboardData.setData("text/plain", writeBlock(block));
    event.preventDefault();
    if (cut) sheet.change(selection.emptied());
  }
  document.addEventListener("copy", (event) => copy(event));
  document.addEventListener("cut", (event) => copy(event, true));
  document.addEventListener("paste", (event) => {
    if (!mine(event)) return;
    event.preventDefault();
    const { changes, refused } = spread(parseBlock(event.clipboardData.getData("text/plain")), selection);
    sheet.change(changes);
    grid.notes.tell(grid.say("pasted", { n: changes.length, refused }), true);
    grid.sync.save();
  });
}
