// The grid of a table (APG grid: one Tab stop, roving tabindex). It builds itself from the JSON in the page, sends only
// changed cells, and decides nothing: what is computed and what is wrong comes back from the server. On a phone the
// page's own fields stay.
import { keyOf } from "./drafts.js";
import { BEACON, Saver, choose, tab, told } from "./saving.js";

const source = document.getElementById("isi-tabel");
const host = document.getElementById("kisi");
const plain = document.querySelector("[data-plain-grid]");
if (source && host && plain && matchMedia("(min-width: 576px)").matches) start(JSON.parse(source.textContent));

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// A block as spreadsheets put it on the clipboard: tabs and lines, quoted where a cell holds one of them.
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

function start(data) {
  const words = data.words;
  const say = (key, facts = {}) => (words[key] || "").replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
  const columns = data.columns.filter((column) => !column.aside);
  const byName = Object.fromEntries(data.columns.map((column) => [column.name, column]));
  const verify = data.verify;
  const decides = verify?.decides && data.filling;
  let rows = data.rows;
  let revision = data.revision;
  const dirty = new Map(); // "row column" -> texts that the server has not got
  const conflicts = new Map(); // the same -> what the server holds
  const past = [];
  const future = [];
  let focus = { r: 0, c: 0 };
  let anchor = null;
  let editor = null;
  let files = []; // [path, file] that the server has not got
  let going = [];
  let filter = "";
  const keyed = (r, name) => `${rows[r].i} ${name}`;
  const kept = keyOf(`${data.url}#kisi`);

  // ── what cells hold ──
  const many = (column) => column.kind === "choices" || column.kind === "people" || column.kind === "files";
  const textsOf = (r, column) => dirty.get(keyed(r, column.name)) ?? rows[r].v[column.name] ?? [];
  const given = (r, column) => column.given || rows[r].l; // of a locked row nobody types anything
  const textOf = (r, column) =>
    given(r, column) ? (rows[r].s[column.name] ?? "") : textsOf(r, column).filter(Boolean).join("; ");
  const labelOf = (column, value) => column.options.find(([own]) => own === value)?.[1] ?? value;
  function shownOf(r, column) {
    if (given(r, column)) return rows[r].s[column.name] ?? "";
    const texts = textsOf(r, column).filter(Boolean);
    if (column.kind === "file" || column.kind === "files") return texts.length ? say("files", { n: texts.length }) : "";
    if (column.kind === "boolean") return texts.length ? say("yes") : "";
    return texts.map((text) => labelOf(column, text)).join("; ");
  }
  const numeric = (column) => ["number", "integer", "money", "percent"].includes(column.kind);
  const isFile = (column) => column.kind === "file" || column.kind === "files";
  const editable = (r, column) => data.filling && !given(r, column) && !rows[r].h.includes(column.name);
  const faultsOf = (r, column) => (rows[r].e[column.name] ?? []).filter((fault) => !fault.r);
  const missing = (r, column) =>
    (rows[r].e[column.name] ?? []).some((fault) => fault.r) && !textsOf(r, column).some(Boolean);
  const wide = new Set(
    columns
      .filter(
        (column) =>
          !numeric(column) && (column.kind === "long_text" || rows.some((_, r) => shownOf(r, column).length > 40)),
      )
      .map((column) => column.name),
  );
  const nameOf = (r) => rows[r].k || say("row", { n: rows[r].i + 1 });

  // ── building ──
  const table = el("table", {
    role: "grid",
    class: "grid",
    "aria-rowcount": rows.length + 1,
    "aria-labelledby": "kisi-judul",
    "aria-readonly": data.filling ? null : "true",
    "aria-multiselectable": "true",
  });
  const head = el(
    "tr",
    { role: "row", "aria-rowindex": 1 },
    el("th", { scope: "col", role: "columnheader", class: "grid-no" }, say("number")),
  );
  for (const column of columns)
    head.append(
      el(
        "th",
        { scope: "col", role: "columnheader", class: `kind-${column.kind}`, title: column.help || null },
        column.computed ? "⌗ " : "",
        column.label,
        column.required && !column.given ? el("span", { class: "bad", "aria-hidden": "true" }, " *") : "",
        column.unit ? ` (${column.unit})` : "",
      ),
    );
  head.append(el("th", { scope: "col", role: "columnheader", class: "grid-state" }, say("state")));
  if (decides) head.append(el("th", { scope: "col", role: "columnheader" }, say("verify")));
  const body = el("tbody", { role: "rowgroup" });
  table.append(el("thead", { role: "rowgroup" }, head), body);
  const cells = []; // [row][column] -> td
  const marks = [];
  const lines = [];

  function build() {
    body.replaceChildren();
    cells.length = marks.length = lines.length = 0;
    rows.forEach((row, r) => {
      const line = el(
        "tr",
        { role: "row", "aria-rowindex": r + 2, "data-row": r },
        el("th", { scope: "row", role: "rowheader", class: "grid-no" }, String(row.i + 1)),
      );
      cells.push(
        columns.map((column, c) => {
          const cell = el("td", {
            role: "gridcell",
            tabindex: -1,
            "data-c": c,
            id: `f-${`${data.path}.${row.i}.${column.name}`.replaceAll(".", "-")}`,
          });
          line.append(cell);
          return cell;
        }),
      );
      const mark = el("td", { class: "grid-state" });
      marks.push(mark);
      line.append(mark);
      if (decides)
        line.append(
          el(
            "td",
            { class: "grid-verify" },
            el(
              "button",
              {
                type: "button",
                class: "btn btn-sm",
                tabindex: -1,
                "data-deed": "accept",
                "aria-label": `${say("accept")}: ${nameOf(r)}`,
              },
              say("accept"),
            ),
            " ",
            el(
              "button",
              {
                type: "button",
                class: "btn btn-sm",
                tabindex: -1,
                "data-deed": "return",
                "aria-label": `${say("return")}: ${nameOf(r)}`,
              },
              say("return"),
            ),
          ),
        );
      lines.push(line);
      body.append(line);
      draw(r);
    });
    (cells[focus.r]?.[focus.c] ?? cells[0]?.[0])?.setAttribute("tabindex", "0");
  }

  function draw(r) {
    columns.forEach((column, c) => drawCell(r, c));
    const state = rows[r].st;
    marks[r].replaceChildren(el("span", { class: `row-state row-${state}` }, say(`st-${state}`)));
    if (rows[r].n && (state === "returned" || state === "changed" || !decides))
      marks[r].append(el("span", { class: "row-note" }, rows[r].n));
  }

  function drawCell(r, c) {
    const column = columns[c];
    const cell = cells[r][c];
    if (editor?.cell === cell) return;
    const shown = shownOf(r, column);
    const faults = faultsOf(r, column);
    const clash = conflicts.has(keyed(r, column.name));
    const gap = missing(r, column);
    cell.className = [
      `kind-${column.kind}`,
      numeric(column) ? "num" : "",
      wide.has(column.name) ? "wide" : "",
      editable(r, column) ? "" : "locked",
      faults.length || clash ? "wrong" : "",
      gap ? "gap" : "",
      dirty.has(keyed(r, column.name)) ? "dirty" : "",
      c === 0 ? "first" : "",
    ]
      .filter(Boolean)
      .join(" ");
    const facts = [
      shown ? "" : say("empty"),
      gap ? say("required") : "",
      editable(r, column) ? "" : say("locked"),
      faults.length ? say("fault") : "",
    ].filter(Boolean);
    cell.replaceChildren(
      el(
        "span",
        { class: "cell-text" },
        faults.length ? el("span", { class: "bad", "aria-hidden": "true" }, "⚠ ") : "",
        shown,
      ),
      facts.length ? el("span", { class: "visually-hidden" }, ` ${facts.join(", ")}`) : "",
    );
    const toggle = (name, value) => (value ? cell.setAttribute(name, value) : cell.removeAttribute(name));
    toggle("aria-readonly", !editable(r, column) && "true");
    toggle("aria-invalid", (faults.length || clash) && "true");
    toggle("aria-errormessage", faults.length && "kisi-kesalahan");
    toggle("title", faults.map((fault) => fault.m).join(" ") || (shown.length > 40 ? shown : ""));
  }

  // ── the line below: what is wrong with the cell, and what was done ──
  const status = el("p", { class: "grid-status", role: "status" });
  const wrong = el("div", { id: "kisi-kesalahan", class: "grid-fault" });
  const panel = el("section", {
    class: "grid-panel card",
    hidden: true,
    "aria-labelledby": "kisi-panel",
    tabindex: -1,
  });
  const count = el("p", { class: "draft-state grid-count" });
  const state = el("span", { role: "status", class: "muted" });

  function tell(text, undoable = false) {
    status.replaceChildren(text);
    if (undoable)
      status.append(
        " ",
        el(
          "button",
          {
            type: "button",
            class: "btn btn-sm",
            onclick: () => {
              undo();
              tell(say("undone"));
            },
          },
          say("undo"),
        ),
      );
  }

  function mark(kind, text) {
    state.dataset.state = kind;
    state.textContent = text;
  }

  function facts(now) {
    data.facts = now;
    count.textContent = say("filled", now);
    document.querySelectorAll("[data-chips] .chip").forEach((chip) => {
      chip.querySelector(".count").textContent = chip.dataset.filterName ? now[chip.dataset.filterName] : now.rows;
    });
    if (acceptAll) {
      acceptAll.hidden = !now.acceptable;
      acceptAll.textContent = say("accept_all", { n: now.acceptable });
    }
  }

  function explain() {
    wrong.replaceChildren();
    if (!rows.length) return;
    const column = columns[focus.c];
    const at = keyed(focus.r, column.name);
    if (conflicts.has(at)) {
      const theirs = conflicts.get(at);
      const mine = dirty.get(at) ?? [];
      wrong.append(
        say("conflict"),
        " ",
        el(
          "button",
          { type: "button", class: "btn btn-sm", onclick: () => settle(at, true) },
          say("mine", { value: mine.join("; ") || say("empty") }),
        ),
        " ",
        el(
          "button",
          { type: "button", class: "btn btn-sm", onclick: () => settle(at, false) },
          say("theirs", { value: theirs.join("; ") || say("empty") }),
        ),
      );
      return;
    }
    for (const fault of faultsOf(focus.r, column)) {
      wrong.append(el("span", { class: "bad" }, "⚠ ", fault.m));
      fault.c.forEach(([value, reading], which) => {
        wrong.append(
          " ",
          el(
            "button",
            { type: "button", class: "btn btn-sm", onclick: () => change([[focus.r, column.name, [value]]]) },
            reading,
          ),
        );
        const similar = rows.map((_, r) => r).filter((r) => faultsOf(r, column).some((each) => each.c[which]));
        if (similar.length > 1)
          wrong.append(
            " ",
            el(
              "button",
              {
                type: "button",
                class: "btn btn-sm",
                onclick: () =>
                  change(
                    similar.map((r) => [
                      r,
                      column.name,
                      [faultsOf(r, column).find((each) => each.c[which]).c[which][0]],
                    ]),
                  ),
              },
              `${reading}: ${say("similar", { n: similar.length })}`,
            ),
          );
      });
    }
  }

  function settle(at, mine) {
    conflicts.delete(at);
    if (!mine) dirty.delete(at);
    rows.forEach((_, r) => draw(r));
    explain();
    soon(mine ? 100 : 0);
  }

  // ── moving ──
  const visible = (r) => !lines[r].hidden;
  function go(r, c, extend = false) {
    if (!rows.length) return;
    r = Math.max(0, Math.min(rows.length - 1, r));
    c = Math.max(0, Math.min(columns.length - 1, c));
    const left = focus.r !== r;
    if (extend) anchor ??= { ...focus };
    else anchor = null;
    cells[focus.r]?.[focus.c]?.setAttribute("tabindex", "-1");
    focus = { r, c };
    const cell = cells[r][c];
    cell.setAttribute("tabindex", "0");
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    select();
    explain();
    if (left && dirty.size) soon(400);
    if (left && !panel.hidden) openPanel(false);
  }
  const step = (r, by) => {
    let next = r + by;
    while (rows[next] && !visible(next)) next += by;
    return rows[next] ? next : r;
  };
  function range() {
    const from = anchor ?? focus;
    return {
      top: Math.min(from.r, focus.r),
      bottom: Math.max(from.r, focus.r),
      left: Math.min(from.c, focus.c),
      right: Math.max(from.c, focus.c),
    };
  }
  function select() {
    body.querySelectorAll("[aria-selected]").forEach((cell) => cell.removeAttribute("aria-selected"));
    if (!anchor) return;
    const { top, bottom, left, right } = range();
    for (let r = top; r <= bottom; r++)
      for (let c = left; c <= right; c++) cells[r][c].setAttribute("aria-selected", "true");
  }

  // ── changing ──
  function put(r, name, texts) {
    dirty.set(keyed(r, name), texts);
    conflicts.delete(keyed(r, name));
    rows[r].e[name] = [];
    const c = columns.findIndex((column) => column.name === name);
    if (c >= 0) drawCell(r, c);
  }
  function change(list, record = true) {
    const done = list
      .filter(
        ([r, name, texts]) =>
          JSON.stringify(textsOf(r, byName[name]).filter(Boolean)) !== JSON.stringify(texts.filter(Boolean)),
      )
      .map(([r, name, texts]) => ({ r, name, old: [...textsOf(r, byName[name])], now: texts }));
    if (!done.length) return 0;
    done.forEach(({ r, name, now }) => put(r, name, now));
    if (record) {
      past.push(done);
      if (past.length > 50) past.shift();
      future.length = 0;
    }
    remember();
    explain();
    soon();
    return done.length;
  }
  function undo(from = past, to = future, which = "old") {
    const batch = from.pop();
    if (!batch) return;
    to.push(batch);
    batch.forEach((each) => put(each.r, each.name, each[which]));
    remember();
    explain();
    soon();
  }

  // ── editing in place ──
  function edit(typed = null) {
    const column = columns[focus.c];
    const { r } = focus;
    if (!editable(r, column)) return tell(say("locked"));
    if (isFile(column) || many(column)) return openPanel(true, column.name);
    if (column.kind === "boolean")
      return void change([[r, column.name, textsOf(r, column).some(Boolean) ? [""] : ["ya"]]]);
    const cell = cells[r][focus.c];
    const label = `${column.label}, ${nameOf(r)}`;
    let input;
    if (column.options.length) {
      input = el(
        "select",
        { "aria-label": label },
        el("option", { value: "" }, say("choose")),
        ...column.options.map(([value, text]) => el("option", { value }, text)),
      );
      input.value = textsOf(r, column)[0] ?? "";
      if (typed)
        input.value =
          column.options.find(([, text]) => text.toLowerCase().startsWith(typed.toLowerCase()))?.[0] ?? input.value;
    } else {
      input =
        column.kind === "long_text"
          ? el("textarea", { rows: 3, "aria-label": label })
          : el("input", {
              type: "text",
              autocomplete: "off",
              inputmode: numeric(column) ? "decimal" : null,
              "aria-label": label,
            });
      input.value = typed ?? textsOf(r, column)[0] ?? "";
    }
    editor = { cell, input, r, column };
    cell.replaceChildren(input);
    cell.classList.add("editing");
    input.focus();
    if (typed === null && input.select) input.select();
    input.addEventListener("blur", () => editor?.input === input && close(true));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close(false);
      else if (event.key === "Enter" && !(event.altKey && column.kind === "long_text")) {
        close(true);
        go(step(r, event.shiftKey ? -1 : 1), focus.c);
      } else if (event.key === "Tab") {
        close(true);
        const by = event.shiftKey ? -1 : 1;
        let place = r * columns.length + columns.indexOf(column) + by;
        while (place >= 0 && place < rows.length * columns.length) {
          const [nr, nc] = [Math.floor(place / columns.length), place % columns.length];
          if (visible(nr) && editable(nr, columns[nc]) && !isFile(columns[nc])) {
            event.preventDefault();
            go(nr, nc);
            if (!many(columns[nc]) && columns[nc].kind !== "boolean") edit();
            return;
          }
          place += by;
        }
      } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
        event.preventDefault();
        close(true);
        save();
      } else return;
      if (event.key !== "Tab") event.preventDefault();
    });
  }
  function close(take) {
    const { cell, input, r, column } = editor;
    editor = null;
    cell.classList.remove("editing");
    if (take) change([[r, column.name, [input.value]]]);
    drawCell(r, columns.indexOf(column));
    cell.focus({ preventScroll: true });
  }

  body.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td[role=gridcell]");
    if (!cell || editor) return;
    const control = event.ctrlKey || event.metaKey;
    const { r, c } = focus;
    const key = control
      ? `Ctrl+${event.key.length === 1 ? event.key.toLowerCase() : event.key}`
      : event.altKey
        ? `Alt+${event.key}`
        : event.key;
    const first = lines.findIndex((line) => !line.hidden);
    const last = lines.length - 1 - [...lines].reverse().findIndex((line) => !line.hidden);
    const leap = Math.max(1, Math.floor(scroll.clientHeight / (lines[r].offsetHeight || 40)) - 1);
    const moves = {
      ArrowUp: () => go(step(r, -1), c, event.shiftKey),
      ArrowDown: () => go(step(r, 1), c, event.shiftKey),
      ArrowLeft: () => go(r, c - 1, event.shiftKey),
      ArrowRight: () => go(r, c + 1, event.shiftKey),
      Home: () => go(r, 0, event.shiftKey),
      End: () => go(r, columns.length - 1, event.shiftKey),
      "Ctrl+Home": () => go(first, 0, event.shiftKey),
      "Ctrl+End": () => go(last, columns.length - 1, event.shiftKey),
      PageUp: () => go(Math.max(first, r - leap), c, event.shiftKey),
      PageDown: () => go(Math.min(last, r + leap), c, event.shiftKey),
      Enter: () => edit(),
      F2: () => edit(),
      F4: () => openPanel(true),
      F8: () => nextFault(event.shiftKey ? -1 : 1),
      Delete: () => clear(),
      Backspace: () => clear(),
      "Alt+ArrowDown": () => edit(),
      "Ctrl+z": () => undo(),
      "Ctrl+y": () => undo(future, past, "now"),
      "Ctrl+s": () => save(),
      "Ctrl+a": () => {
        anchor = { r: first, c: 0 };
        focus = { r: last, c: columns.length - 1 };
        select();
      },
    };
    if (moves[key]) {
      event.preventDefault();
      event.stopPropagation();
      moves[key]();
    } else if (event.key.length === 1 && !control && !event.altKey && event.key !== " ") {
      event.preventDefault();
      edit(event.key);
    } else if (event.key === " ") {
      event.preventDefault();
      edit();
    }
  });
  function clear() {
    const { top, bottom, left, right } = range();
    const list = [];
    for (let r = top; r <= bottom; r++)
      for (let c = left; c <= right; c++)
        if (visible(r) && editable(r, columns[c]) && !isFile(columns[c])) list.push([r, columns[c].name, [""]]);
    change(list);
  }
  function nextFault(by) {
    const all = [];
    rows.forEach((_, r) =>
      data.columns.forEach((column) => {
        const at = columns.indexOf(column);
        if (visible(r) && (faultsOf(r, column).length || missing(r, column) || conflicts.has(keyed(r, column.name))))
          all.push([r, at < 0 ? 0 : at]);
      }),
    );
    if (!all.length) return;
    const place = ([r, c]) => r * 1000 + c;
    const here = place([focus.r, focus.c]);
    const next =
      by > 0
        ? (all.find((each) => place(each) > here) ?? all[0])
        : ([...all].reverse().find((each) => place(each) < here) ?? all[all.length - 1]);
    go(...next);
  }

  body.addEventListener("mousedown", (event) => {
    const deed = event.target.closest("[data-deed]");
    const cell = event.target.closest("td[role=gridcell]");
    if (deed || !cell || editor?.cell === cell) return;
    event.preventDefault();
    if (editor) close(true);
    go(Number(cell.parentElement.dataset.row), Number(cell.dataset.c), event.shiftKey);
  });
  body.addEventListener("dblclick", (event) => event.target.closest("td[role=gridcell]") && !editor && edit());
  body.addEventListener("click", (event) => {
    const deed = event.target.closest("[data-deed]");
    if (!deed) return;
    const r = Number(deed.closest("tr").dataset.row);
    if (deed.dataset.deed === "accept") {
      change([[r, verify.column, [verify.accept]]]);
      tell(say("accepted", { n: 1 }), true);
    } else {
      change([[r, verify.column, [verify.refuse]]]);
      go(
        r,
        Math.max(
          0,
          columns.findIndex((column) => column.name === verify.column),
        ),
      );
      openPanel(true, verify.note);
      tell(say("returned"), true);
    }
  });

  // ── clipboard ──
  function copy(event, cut = false) {
    if (editor || !event.target.closest?.("td[role=gridcell]")) return;
    const { top, bottom, left, right } = range();
    const block = [];
    for (let r = top; r <= bottom; r++)
      if (visible(r))
        block.push(
          columns
            .slice(left, right + 1)
            .map((column) => quote(column.options.length || given(r, column) ? shownOf(r, column) : textOf(r, column)))
            .join("\t"),
        );
    event.clipboardData.setData("text/plain", block.join("\n"));
    event.preventDefault();
    if (cut) clear();
  }
  function valueOf(column, text) {
    const wanted = text.trim();
    if (column.kind === "boolean") return [/^(ya|yes|true|1|v|x)$/i.test(wanted) ? "ya" : ""];
    if (!column.options.length) return [wanted];
    const chosen = (part) =>
      column.options.find(([value, label]) =>
        [value, label].some((each) => each.toLowerCase() === part.toLowerCase()),
      )?.[0] ?? part;
    return many(column)
      ? [
          "",
          ...wanted
            .split(";")
            .map((part) => part.trim())
            .filter(Boolean)
            .map(chosen),
        ]
      : [wanted && chosen(wanted)];
  }
  function paste(event) {
    if (editor || !event.target.closest?.("td[role=gridcell]")) return;
    event.preventDefault();
    const block = parseBlock(event.clipboardData.getData("text/plain"));
    const { top, bottom, left, right } = range();
    const single = block.length === 1 && block[0].length === 1;
    const height = single ? bottom - top + 1 : block.length;
    const list = [];
    let refused = 0;
    for (let n = 0, r = top; n < height && r < rows.length; r++) {
      if (!visible(r)) continue;
      const line = single ? Array(right - left + 1).fill(block[0][0]) : block[n];
      line.forEach((text, m) => {
        const column = columns[left + m];
        if (!column || !editable(r, column) || isFile(column)) refused += 1;
        else list.push([r, column.name, valueOf(column, text)]);
      });
      n += 1;
    }
    change(list);
    tell(say("pasted", { n: list.length, refused }), true);
    save();
  }
  document.addEventListener("copy", (event) => copy(event));
  document.addEventListener("cut", (event) => copy(event, true));
  document.addEventListener("paste", paste);

  // ── saving ──
  function remember() {
    try {
      if (dirty.size)
        localStorage.setItem(
          kept,
          JSON.stringify(
            [...dirty].map(([at, texts]) => [rows.find((row) => row.i === Number(at.split(" ")[0]))?.k, at, texts]),
          ),
        );
      else localStorage.removeItem(kept);
      return true;
    } catch {
      return false;
    }
  }
  function bodyOf(sent) {
    const form = new FormData();
    form.set("csrf_token", plain.querySelector('[name="csrf_token"]').value);
    form.set("_revisi", revision);
    form.set("_tab", tab());
    for (const [at, texts] of sent) {
      const [i, name] = at.split(" ");
      const row = rows.find((each) => each.i === Number(i));
      if (data.key && row?.k) form.set(`${data.path}.${i}.${data.key}`, row.k);
      (texts.length ? texts : [""]).forEach((text) => form.append(`${data.path}.${i}.${name}`, text));
    }
    for (const [name, file] of files) form.append(name, file);
    return form;
  }
  const saver = new Saver({
    dirty: () => files.length > 0 || [...dirty.keys()].some((at) => !conflicts.has(at)),
    store: remember,
    post({ keepalive = false }) {
      going = [...dirty].filter(([at]) => !conflicts.has(at));
      going.files = files;
      const small = !files.length && JSON.stringify(going).length * 2 < BEACON;
      return fetch(data.url, {
        method: "POST",
        body: bodyOf(going),
        keepalive: keepalive && small,
        headers: { "X-Alur-Background": "1" },
      });
    },
    taken(said) {
      revision = said.revision;
      for (const [at, texts] of going) if (dirty.get(at) === texts) dirty.delete(at);
      const sent = files.length > 0;
      files = files.filter((each) => !going.files.includes(each));
      said.rows.forEach((row) => {
        const r = rows.findIndex((each) => each.i === row.i);
        rows[r] = row;
        draw(r);
      });
      facts(said.facts);
      remember();
      explain();
      if (said.refused.length) tell(said.refused.join(" "));
      if (!panel.hidden && sent) openPanel(false);
    },
    conflict(said) {
      if (said.data) {
        meet(said, going);
        return true;
      }
      if (said.kept) choose(said);
      return false;
    },
    show(kind, said) {
      const open = ["typing", "local", "lost", "ended"].includes(kind);
      mark(kind, told(kind, said) + (open && dirty.size ? ` · ${say("unsaved_cells", { n: dirty.size })}` : ""));
    },
  });
  const save = () => saver.save();
  const soon = (wait) => (wait === undefined ? saver.touch() : saver.soon(wait));
  // Somebody saved from elsewhere: cells that only one side changed go together, of the others the person chooses.
  function meet(said, sent) {
    const before = Object.fromEntries(rows.map((row) => [row.k ?? row.i, row]));
    rows = said.data.rows;
    revision = said.revision;
    for (const [at, texts] of sent) {
      const [i, name] = at.split(" ");
      const row = rows.find((each) => each.i === Number(i));
      const theirs = row?.v[name] ?? [];
      const base = before[row?.k ?? i]?.v[name] ?? [];
      if (
        JSON.stringify(theirs) !== JSON.stringify(base) &&
        JSON.stringify(theirs) !== JSON.stringify(texts.filter(Boolean))
      )
        conflicts.set(at, theirs);
    }
    build();
    show();
    facts(said.data.facts);
    tell(said.message);
    mark("conflict", conflicts.size ? `⚠ ${say("conflict")}` : "");
    if (conflicts.size) {
      const [i, name] = [...conflicts.keys()][0].split(" ");
      go(
        rows.findIndex((row) => row.i === Number(i)),
        Math.max(
          0,
          columns.findIndex((column) => column.name === name),
        ),
      );
    }
    if (dirty.size > conflicts.size) soon(100);
  }

  // ── the panel of a row: what explains it, its long texts, its files ──
  function openPanel(take, name = null) {
    const { r } = focus;
    const row = rows[r];
    const head = el("h2", { id: "kisi-panel" }, say("panel", { n: row.i + 1, key: row.k || "" }));
    const about = el("dl", { class: "facts" });
    data.columns
      .filter((column) => given(r, column) && row.s[column.name])
      .forEach((column) => about.append(el("dt", {}, column.label), el("dd", {}, row.s[column.name])));
    const fields = data.columns
      .filter((column) => !given(r, column) && !row.h.includes(column.name))
      .map((column) => fieldOf(r, column));
    panel.replaceChildren(
      el(
        "div",
        { class: "page-head" },
        head,
        el("button", { type: "button", class: "btn btn-sm", onclick: closePanel }, say("close")),
      ),
      about,
      el("div", { class: "grid-fields" }, ...fields),
    );
    if (!data.filling)
      panel
        .querySelectorAll("input, textarea, select, .grid-fields button")
        .forEach((control) => (control.disabled = true));
    panel.hidden = false;
    if (take) (panel.querySelector(`[data-name="${name ?? ""}"]`) ?? head).focus();
    if (take && !name) {
      head.tabIndex = -1;
      head.focus();
    }
  }
  function closePanel() {
    panel.hidden = true;
    go(focus.r, focus.c);
  }
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "F4") {
      event.preventDefault();
      event.target.blur();
      closePanel();
    } else if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      event.target.dispatchEvent(new Event("change"));
      save();
    }
  });
  function fieldOf(r, column) {
    const id = `panel-${column.name}`;
    const faults = faultsOf(r, column);
    const label = el("label", { class: "form-label", for: id }, column.label, column.required ? " *" : "");
    const about = faults.map((fault) => el("div", { class: "invalid-feedback", id: `${id}-error` }, `⚠ ${fault.m}`));
    const common = {
      id,
      "data-name": column.name,
      class: "form-control",
      "aria-invalid": faults.length ? "true" : null,
      "aria-describedby": faults.length ? `${id}-error` : null,
    };
    const texts = textsOf(r, column);
    let control;
    if (isFile(column)) {
      control = el("input", {
        ...common,
        type: "file",
        accept: column.accept || null,
        multiple: column.kind === "files",
      });
      control.addEventListener("change", () => {
        dirty.set(keyed(r, column.name), column.kind === "file" ? [""] : ["", ...texts.filter(Boolean)]);
        files.push(...[...control.files].map((file) => [`${data.path}.${rows[r].i}.${column.name}`, file]));
        save();
      });
      const held = (rows[r].f[column.name] ?? [])
        .filter(([file]) => texts.includes(file))
        .map(([file, name, size]) =>
          el(
            "li",
            {},
            el("a", { href: `/lampiran/${file}`, target: "_blank", rel: "noopener" }, name),
            ` (${size}) `,
            el(
              "button",
              {
                type: "button",
                class: "btn btn-sm",
                "aria-label": `${say("remove")} ${name}`,
                onclick: () => {
                  change([[r, column.name, ["", ...texts.filter((each) => each && each !== file)]]]);
                  openPanel(false);
                },
              },
              say("remove"),
            ),
          ),
        );
      return el(
        "div",
        { class: "field" },
        label,
        ...about,
        held.length ? el("ul", { class: "plain" }, ...held) : "",
        column.limit ? el("div", { class: "form-hint" }, column.limit) : "",
        control,
      );
    }
    if (many(column)) {
      const boxes = column.options.map(([value, text], n) => {
        const box = el("input", {
          type: "checkbox",
          value,
          id: n ? `${id}-${n}` : id,
          "data-name": n ? null : column.name,
        });
        box.checked = texts.includes(value);
        return el("div", { class: "check" }, el("label", {}, box, " ", text));
      });
      const set = el(
        "fieldset",
        { class: "field" },
        el("legend", { class: "form-label" }, column.label),
        ...about,
        ...boxes,
      );
      set.addEventListener("change", () =>
        change([[r, column.name, ["", ...[...set.querySelectorAll("input:checked")].map((box) => box.value)]]]),
      );
      return set;
    }
    if (column.kind === "boolean") {
      control = el("input", { id, type: "checkbox", "data-name": column.name });
      control.checked = texts.some(Boolean);
      control.addEventListener("change", () => change([[r, column.name, [control.checked ? "ya" : ""]]]));
      return el("div", { class: "field" }, el("label", { for: id }, control, " ", column.label), ...about);
    }
    if (column.options.length) {
      control = el(
        "select",
        { ...common, class: "form-select" },
        el("option", { value: "" }, say("choose")),
        ...column.options.map(([value, text]) => el("option", { value }, text)),
      );
      control.value = texts[0] ?? "";
    } else {
      control =
        column.kind === "long_text"
          ? el("textarea", { ...common, rows: 3 })
          : el("input", { ...common, type: "text", autocomplete: "off" });
      control.value = texts[0] ?? "";
    }
    control.addEventListener("change", () => change([[r, column.name, [control.value]]]));
    return el(
      "div",
      { class: "field" },
      label,
      ...about,
      column.help ? el("div", { class: "form-hint" }, column.help) : "",
      control,
    );
  }

  // ── filters ──
  const chips = document.querySelector("[data-chips]");
  const search = document.querySelector("[data-search]");
  const states = {
    kosong: ["empty", "incomplete", "changed"],
    perbaiki: ["faulty"],
    dikembalikan: ["returned"],
    diperiksa: ["changed"],
  };
  function show() {
    const wanted = search.querySelector('[name="cari"]').value.trim().toLowerCase();
    const holder = search.querySelector('[name="pemegang"]')?.value ?? "";
    let left = 0;
    rows.forEach((row, r) => {
      const all = [...Object.values(row.s), ...data.columns.map((column) => (column.given ? "" : shownOf(r, column)))]
        .join("\n")
        .toLowerCase();
      const fits =
        (!filter || states[filter].includes(row.st)) &&
        (!wanted || all.includes(wanted)) &&
        (!holder || shownOf(r, byName[verify.holder]) === holder || textOf(r, byName[verify.holder]) === holder);
      lines[r].hidden = !fits;
      left += fits;
    });
    if (!left) tell(say("none"));
    else if (status.textContent === say("none")) tell("");
    chips
      .querySelectorAll(".chip")
      .forEach((chip) =>
        chip.dataset.filterName === filter
          ? chip.setAttribute("aria-current", "true")
          : chip.removeAttribute("aria-current"),
      );
    if (rows.length && !visible(focus.r) && left) {
      cells[focus.r][focus.c].setAttribute("tabindex", "-1");
      focus = { r: lines.findIndex((line) => !line.hidden), c: focus.c };
      cells[focus.r][focus.c].setAttribute("tabindex", "0");
    }
  }
  chips.addEventListener("click", (event) => {
    const chip = event.target.closest(".chip");
    if (!chip) return;
    event.preventDefault();
    filter = chip.dataset.filterName;
    show();
  });
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  search.addEventListener("input", show);

  // ── put together ──
  const acceptAll = decides ? el("button", { type: "button", class: "btn" }) : null;
  acceptAll?.addEventListener("click", () => {
    const n = change(
      rows
        .map((row, r) => [row, r])
        .filter(([row, r]) => row.ok && !textsOf(r, byName[verify.column]).includes(verify.accept))
        .map(([, r]) => [r, verify.column, [verify.accept]]),
    );
    tell(say("accepted", { n }), true);
    save();
  });
  const scroll = el("div", { class: "grid-scroll" }, table);
  const saveButton = plain.querySelector(".action-bar button:not([name])");
  const bar = el(
    "div",
    { class: "action-bar grid-bar" },
    count,
    state,
    acceptAll,
    data.filling && saveButton
      ? el("button", { type: "button", class: "btn btn-primary", onclick: () => save() }, saveButton.textContent)
      : "",
  );
  const add = plain.querySelector('[name="_tambah"]');
  if (add && data.filling) {
    const form = el("form", { method: "post", action: data.url });
    const button = el(
      "button",
      { type: "submit", class: "btn btn-sm", name: "_tambah", value: data.path },
      add.firstChild.textContent.trim(),
    );
    form.append(
      plain.querySelector('[name="csrf_token"]').cloneNode(),
      el("input", { type: "hidden", name: "_revisi" }),
      button,
    );
    form.addEventListener("submit", (event) => {
      const own = form.querySelector('[name="_revisi"]');
      if (!saver.dirty() && !saver.running) return void (own.value = revision);
      event.preventDefault();
      saver.flush().then((done) => done && form.requestSubmit(button));
    });
    bar.prepend(form);
  }
  host.append(
    el(
      "p",
      { class: "form-hint grid-keys", id: "kisi-judul" },
      document.querySelector("h1").textContent,
      ". ",
      say("keys"),
    ),
    status,
    scroll,
    wrong,
    panel,
    bar,
  );
  host.hidden = false;
  plain.remove();
  build();
  show();
  facts(data.facts);
  restore();
  addEventListener("hashchange", jump);
  jump();
  addEventListener("beforeunload", (event) => {
    if (dirty.size) remember();
    if (files.length) event.preventDefault(); // cells are kept here, a file is not
  });

  function jump() {
    const place = location.hash.slice(1);
    rows.forEach((row, r) => columns.forEach((column, c) => cells[r][c].id === place && go(r, c)));
    const folded = place && rows.findIndex((row) => place.startsWith(`f-${data.path.replaceAll(".", "-")}-${row.i}-`));
    if (folded >= 0 && !document.getElementById(place)) go(folded, 0);
  }
  // What this browser could not send: put where its rows are now.
  function restore() {
    const left = JSON.parse(localStorage.getItem(kept) || "[]");
    let n = 0;
    for (const [key, at, texts] of left) {
      const [i, name] = at.split(" ");
      const r = rows.findIndex((row) => (key ? row.k === key : row.i === Number(i)));
      if (r < 0 || !byName[name] || !editable(r, byName[name])) continue;
      n += change([[r, name, texts]]);
    }
    if (n) tell(say("restored", { n }), true);
    localStorage.removeItem(n ? "" : kept);
  }
}
