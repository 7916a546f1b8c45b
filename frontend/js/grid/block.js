// A block of cells as spreadsheets put it on the clipboard: tabs and lines, quoted where a cell holds one of them.

export function parseBlock(text) {
  const rows = [[""]];
  let quoted = false;
  const body = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (let at = 0; at < body.length; at++) {
    const letter = body[at];
    const row = rows[rows.length - 1];
    const last = row.length - 1;
    if (quoted) {
      if (letter === '"' && body[at + 1] === '"') row[last] += body[++at];
      else if (letter === '"') quoted = false;
      else row[last] += letter;
    } else if (letter === '"' && row[last] === "") quoted = true;
    else if (letter === "\t") row.push("");
    else if (letter === "\n") rows.push([""]);
    else row[last] += letter;
  }
  return rows;
}

const quote = (text) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const writeBlock = (rows) => rows.map((row) => row.map(quote).join("\t")).join("\n");
