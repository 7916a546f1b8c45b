// The designer's workshop: bpmn-js with the SOP's own words, a panel of properties, findings that follow every change,
// and a draft that is saved on the server. On a narrow screen the diagram is shown and nothing can be changed.
import Modeler from "bpmn-js/lib/Modeler";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { is } from "bpmn-js/lib/util/ModelUtil";
import sop from "../../engine/bpmn/sop.moddle.json";
import { h } from "./elements.js";
import { drawing, fit, language, markProposals, openingView, reachPalette } from "./studio/canvas.js";
import { AddDocumentHandler, RemoveDocumentHandler, SharedDocuments, documentsOf } from "./studio/documents.js";
import { RESUMED } from "./session.js";
import { draft } from "./studio/draft.js";
import { Findings } from "./studio/findings.js";
import { FormDialog } from "./studio/forms.js";
import { AdoptHandler, NameGivesId, RenameHandler, RenameObjectHandler } from "./studio/names.js";
import { bench, moment, say } from "./studio/page.js";
import { Panel } from "./studio/panel.js";
import { InsertAfterHandler, ItemsHandler, MoveToLaneHandler, ReferHandler } from "./studio/steps.js";
import { Texts, TextsHandler, formOf, schemaPath, simpleForm } from "./studio/texts.js";

const REST = 800; // milliseconds without a change before the draft is kept and checked
const WIDE = "(min-width: 900px)"; // as in modeller.css
const FIELDS = {
  form_missing: ["make-form"],
  standard_time: ["time"],
  other_performer: ["notPerformer"],
  condition_missing: ["condition", "default"],
  default_missing: ["default"],
  lane_missing: ["lane"],
  task_abstract: ["to-step"],
  starter_unknown: ["starters"],
  timer_empty: ["timer-body"],
  script_missing: ["script"],
  script: ["script"],
  call_missing: ["called"],
  message_missing: ["reference"],
  event_empty: ["reference", "timer-body", "when"],
  instances_unknown: ["items"],
  loop_open: ["items"],
  id_spelling: ["id"],
  expression: ["condition", "performer", "timer-body", "when", "script"],
  name_unknown: ["condition", "performer", "timer-body", "when", "script"],
};

const DIAGRAM_FILE = /\.(bpmn|xml)$/;
const NOT_TEXT = /\.(docx|png|jpg)$/; // sent as base64
const pathOf = ({ name }) => {
  if (/\.(schema|ui)\.json$/.test(name)) return `forms/${bench.process}/${name}`;
  return name.endsWith(".dmn") ? `processes/${bench.process}/${name}` : `forms/${bench.process}/documents/${name}`;
};
const contentOf = async (file) =>
  NOT_TEXT.test(file.name)
    ? btoa(Array.from(new Uint8Array(await file.arrayBuffer()), (byte) => String.fromCharCode(byte)).join(""))
    : file.text();

const by = (id) => document.getElementById(id);
const sopWords = {
  __init__: ["sharedDocuments", "nameGivesId"],
  sharedDocuments: ["type", SharedDocuments],
  nameGivesId: ["type", NameGivesId],
};

class Workshop {
  constructor() {
    document.querySelectorAll(".needs-scripts").forEach((each) => (each.hidden = false));
    this.editing = matchMedia(WIDE).matches;
    this.texts = new Texts();
    const options = { container: by("kanvas"), moddleExtensions: { sop } };
    this.modeler = this.editing
      ? new Modeler({ ...options, additionalModules: [language, drawing, sopWords] })
      : new NavigatedViewer(options);
    this.canvas = this.modeler.get("canvas");
    by("kanvas").modeler = this.modeler; // as the findings below: for the console of whoever looks after it
    this.registry = this.modeler.get("elementRegistry");
    this.modeler.on("import.parse.complete", ({ definitions }) => definitions && this.givePlane(definitions));
    by("kanvas").findings = this.findings = new Findings({
      show: (finding) => this.show(finding),
      mend: this.editing && ((finding) => this.makeForm(this.element(finding) ?? finding.element_id)),
      adopt: this.editing && (() => this.adoptions()),
    });
    if (this.editing) this.furnish();
    by("perkecil").addEventListener("click", () => this.canvas.zoom(this.canvas.zoom() / 1.25, "auto"));
    by("perbesar").addEventListener("click", () => this.canvas.zoom(this.canvas.zoom() * 1.25, "auto"));
    by("muat").addEventListener("click", () => fit(this.canvas));
    document.addEventListener("keydown", (event) => this.walk(event));
  }

  furnish() {
    this.stack = this.modeler.get("commandStack");
    for (const [name, handler] of Object.entries({
      texts: TextsHandler,
      rename: RenameHandler,
      renameObject: RenameObjectHandler,
      addDocument: AddDocumentHandler,
      removeDocument: RemoveDocumentHandler,
      moveToLane: MoveToLaneHandler,
      insertAfter: InsertAfterHandler,
      items: ItemsHandler,
      refer: ReferHandler,
      adopt: AdoptHandler,
    }))
      this.stack.registerHandler(`alur.${name}`, handler);
    const forms = new FormDialog(by("formulir"), this.texts, (changes) =>
      this.stack.execute("alur.texts", { texts: this.texts, changes }),
    );
    this.forms = forms;
    this.panel = new Panel(by("properti"), this.modeler, {
      texts: this.texts,
      editForm: (id) => forms.open(id),
      makeForm: (element) => this.makeForm(element),
      renameSop: (id) => this.send(bench.renameUrl, { id }),
    });
    this.panel.replacer = (element) =>
      this.modeler.get("bpmnReplace").replaceElement(element, { type: "bpmn:UserTask" });
    this.modeler.on("commandStack.changed", () => this.changed());
    by("urungkan").addEventListener("click", () => this.stack.undo());
    by("ulangi").addEventListener("click", () => this.stack.redo());
    by("unduh").addEventListener("click", () => this.download());
    by("unggah").addEventListener("click", () => by("berkas-bpmn").click());
    by("berkas-bpmn").addEventListener("change", (event) =>
      this.upload([...event.target.files]).finally(() => (event.target.value = "")),
    );
    by("pasang").addEventListener("submit", (event) => this.submit(event));
    new ResizeObserver(() => this.canvas.resized()).observe(by("kanvas")); // findings take room from it
    addEventListener("pagehide", () => this.waiting && this.keep());
    draft.again = () => this.keep();
    document.addEventListener(RESUMED, async () => {
      if (draft.latest) await this.keep();
      await this.check();
    });
  }

  async open() {
    const local = this.editing ? draft.local() : [];
    const unsent = local.find(draft.continues);
    const kept = unsent ?? bench.draft;
    this.texts.restore(kept?.changes ?? {});
    try {
      await this.load(kept?.changes[bench.diagram] ?? bench.files[bench.diagram]);
    } catch {
      await this.load(bench.files[bench.diagram]).catch(
        () => (this.unreadable = kept?.changes[bench.diagram] ?? bench.files[bench.diagram]),
      );
    }
    if (this.unreadable) by("keadaan").textContent = `⚠ ${say("unreadable", { file: `${bench.process}.bpmn` })}`;
    else if (this.editing) {
      reachPalette(by("kanvas"));
      by("keadaan").textContent = bench.draft ? say("saved", { at: bench.draft.saved_at }) : say("untouched");
      if (kept)
        this.offer(say("restored", { at: unsent ? moment(unsent.at) : kept.at }), [
          say("discard"),
          () => by("sisihkan").requestSubmit(),
        ]);
      for (const old of local.filter((each) => each !== unsent)) this.offerLocal(old);
      if (unsent) {
        await this.keep();
        draft.forget(unsent.key);
      }
    }
    await this.check();
  }

  // A diagram without a picture opens on an empty canvas, and the page says what is missing on it; nothing of the file
  // is lost.
  givePlane(definitions) {
    if (definitions.diagrams?.length) return;
    const moddle = this.modeler.get("moddle");
    const bpmnElement = definitions.rootElements?.find((each) => each.$type === "bpmn:Process");
    const plane = moddle.create("bpmndi:BPMNPlane", { bpmnElement });
    const diagram = moddle.create("bpmndi:BPMNDiagram", { plane });
    [plane.$parent, diagram.$parent] = [diagram, definitions];
    definitions.diagrams = [diagram];
  }

  undrawn() {
    const within = (scope) => (scope.flowElements ?? []).flatMap((each) => [each, ...within(each)]);
    return (this.modeler.getDefinitions().rootElements ?? [])
      .flatMap(within)
      .filter((each) => each.$instanceOf("bpmn:FlowNode") && !this.registry.get(each.id));
  }

  // A copy in this browser that does not continue the draft at hand: whichever is not taken is put aside on the server.
  offerLocal(old) {
    const at = moment(old.at);
    const settle = async (line, choice) => {
      const told = await draft.send(old.changes, choice, old.base);
      if (told.state !== "saved") return this.tell(told);
      draft.forget(old.key);
      if (choice === "ini") location.reload();
      else this.withdraw(line);
    };
    const words = bench.draft
      ? [say("bridge", { at }), say("useLocal"), say("useServer")]
      : [say("older", { at, version: old.version ?? "–" }), say("open"), say("throw")];
    this.offer(words[0], [words[1], (line) => settle(line, "ini")], [words[2], (line) => settle(line, "itu")]);
  }

  async load(xml) {
    await this.modeler.importXML(xml);
    this.unreadable = null;
    const missing = this.undrawn();
    by("tanpa-gambar").hidden = !missing.length;
    by("tak-tergambar").textContent = missing.map((each) => each.name || each.id).join(", ");
    openingView(this.canvas, this.registry);
    markProposals(this.canvas, this.registry);
    const process = this.modeler.getDefinitions().rootElements.find((each) => each.$type === "bpmn:Process");
    by("judul").textContent = process?.name || bench.process;
  }

  offer(text, ...ways) {
    const line = h(
      "p",
      { class: "button-row" },
      h("span", {}, text),
      ways.map(([word, act]) => h("button", { type: "button", class: "btn btn-sm", onclick: () => act(line) }, word)),
    );
    by("tawaran").append(line);
    by("tawaran").hidden = false;
    return line;
  }

  withdraw(line) {
    line.remove();
    by("tawaran").hidden = !by("tawaran").childElementCount;
  }

  // ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  changed() {
    by("urungkan").disabled = !this.stack.canUndo();
    by("ulangi").disabled = !this.stack.canRedo();
    by("temuan").setAttribute("aria-busy", "true");
    markProposals(this.canvas, this.registry);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      await this.keep();
      await this.check();
    }, REST);
  }

  async xml() {
    if (this.unreadable) return this.unreadable;
    return this.editing
      ? (await this.modeler.saveXML({ format: true })).xml
      : (bench.draft?.changes[bench.diagram] ?? bench.files[bench.diagram]);
  }

  async keep() {
    this.waiting = null;
    const changes = this.texts.changes(await this.xml());
    by("keadaan").textContent = say("saving");
    this.tell(await draft.save(changes));
    return changes;
  }

  // Says what became of the draft; nothing is called saved that the server does not have.
  tell({ state, at, message }) {
    this.state = state;
    by("keadaan").textContent =
      state === "saved"
        ? at
          ? say("saved", { at })
          : ""
        : state === "twice"
          ? `⚠ ${say("untaken")}`
          : `⚠ ${message ?? say(state)}`;
    if (state === "twice" && !this.choice?.isConnected) this.choice = this.offerOther();
  }

  // The same draft was saved in another tab or on another machine.
  offerOther() {
    const { at } = draft.other;
    const choose = async (choice) => {
      const told = await draft.send(this.texts.changes(await this.xml()), choice);
      if (told.state === "twice") this.withdraw(this.choice);
      this.tell(told);
      if (told.state !== "saved") return;
      draft.forget();
      if (choice === "itu") location.reload();
      else this.withdraw(this.choice);
    };
    return this.offer(
      say("twice", { at }),
      [say("this"), () => choose("ini")],
      [say("that", { at }), () => choose("itu")],
    );
  }

  async check() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const findings = await this.findings.ask(this.texts.changes(await this.xml()));
    for (const element of this.marked ?? [])
      if (this.registry.get(element.id)) this.canvas.removeMarker(element, "finding-mark");
    this.marked = findings?.map((each) => this.element(each)).filter(Boolean) ?? this.marked;
    for (const element of this.marked ?? []) this.canvas.addMarker(element, "finding-mark");
    if (turn === this.turn && !this.waiting) by("temuan").removeAttribute("aria-busy");
  }

  // *element* is a shape, or the id of what has none.
  makeForm(element) {
    const object = element.businessObject ?? this.modeler.get("moddle").ids.assigned(element);
    if (!object) return;
    const documents =
      element.businessObject && is(element, "bpmn:UserTask")
        ? documentsOf(element, "outputs").map((each) => ({
            id: each.object.id,
            name: each.reference.businessObject.name,
          }))
        : [];
    this.stack.execute("alur.texts", {
      texts: this.texts,
      changes: { [schemaPath(formOf(object))]: simpleForm(object.name, documents) },
    });
  }

  // ── findings and keys ─────────────────────────────────────────────────────────────────────────────────────────────

  // The shape that a finding is about; of a data object any reference to it.
  element(finding) {
    const id = finding.element_id;
    return (
      id &&
      (this.registry.get(id) ??
        this.registry.find(
          (each) => each.businessObject?.dataObjectRef?.id === id || each.businessObject?.processRef?.id === id,
        ))
    );
  }

  show(finding) {
    const element = this.element(finding);
    if (element) {
      if (this.editing) this.modeler.get("selection").select(element);
      this.centre(element);
      if (this.editing) this.panel.focus(FIELDS[finding.rule] ?? ["name"], `${finding.message} ${finding.mend}`);
    } else if (this.editing && finding.file.endsWith(".json"))
      this.forms.open(
        finding.file
          .split("/")
          .pop()
          .replace(/\.(schema|ui)\.json$/, ""),
        finding.line,
      );
  }

  centre(element) {
    const box = this.canvas.viewbox();
    const middle = element.waypoints
      ? element.waypoints[Math.floor(element.waypoints.length / 2)]
      : { x: element.x + element.width / 2, y: element.y + element.height / 2 };
    if (box.scale < 0.6) this.canvas.zoom(0.8);
    const now = this.canvas.viewbox();
    this.canvas.viewbox({
      x: middle.x - now.width / 2,
      y: middle.y - now.height / 2,
      width: now.width,
      height: now.height,
    });
  }

  walk(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "s" && this.editing) {
      event.preventDefault();
      document.activeElement?.dispatchEvent(new Event("change", { bubbles: true }));
      this.keep();
    }
    this.undoByKey(event);
    if (event.key !== "F6" || by("formulir").open) return;
    event.preventDefault();
    const stops = [
      this.editing && by("kanvas").querySelector('.djs-palette .entry[tabindex="0"]'),
      by("kanvas").querySelector("svg[tabindex]"),
      this.editing && by("properti"),
      by("temuan"),
    ].filter(Boolean);
    const here = stops.findIndex(
      (stop) =>
        stop === document.activeElement ||
        stop.contains(document.activeElement) ||
        (stop.closest(".djs-palette")?.contains(document.activeElement) ?? false),
    );
    stops[
      (here + (event.shiftKey ? stops.length - 1 : 1) + (here < 0 && event.shiftKey ? 1 : 0)) % stops.length
    ].focus();
  }

  // On the canvas bpmn-js does it; elsewhere Ctrl+Z first takes back what is being typed, then the last change of the
  // draft.
  undoByKey(event) {
    const key = event.key.toLowerCase();
    const field = event.target.closest("input, textarea, [contenteditable]");
    if (
      !this.editing ||
      !(event.ctrlKey || event.metaKey) ||
      event.altKey ||
      !["y", "z"].includes(key) ||
      by("formulir").open
    )
      return;
    if (by("kanvas").contains(event.target) || (field && field.value !== field.dataset.was)) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) this.stack.canRedo() && this.stack.redo();
    else this.stack.canUndo() && this.stack.undo();
  }

  // ── files and deployment ──────────────────────────────────────────────────────────────────────────────────────────

  async download() {
    const link = h("a", {
      href: URL.createObjectURL(new Blob([await this.xml()], { type: "application/xml" })),
      download: `${bench.process}.bpmn`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  // Forms, templates and tables take the place of those of their name, and can be undone. A diagram takes the diagram's
  // place, and the one before is offered; one that cannot be opened changes nothing, and the server names every fault
  // with its line.
  async upload(files) {
    const forms = files.filter((file) => !DIAGRAM_FILE.test(file.name));
    const changes = Object.fromEntries(
      await Promise.all(forms.map(async (file) => [pathOf(file), await contentOf(file)])),
    );
    const before = await this.xml();
    for (const file of files.filter((each) => !forms.includes(each))) {
      const text = await file.text();
      try {
        await this.load(text);
      } catch {
        await this.load(before);
        this.findings.ask(this.texts.changes(text));
        by("keadaan").textContent = `⚠ ${say("unreadable", { file: file.name })}`;
        by("temuan").focus();
        return;
      }
      this.offer(say("replaced", { file: file.name }), [
        say("back"),
        async (line) => (await this.load(before), this.changed(), this.withdraw(line)),
      ]);
    }
    if (forms.length) this.stack.execute("alur.texts", { texts: this.texts, changes });
    else this.changed();
    const others = forms.filter((file) => !/\.(schema|ui)\.json$/.test(file.name)).map((file) => file.name);
    if (others.length) this.offer(say("added", { file: others.join(", ") }));
  }

  // Buttons that make one of the diagram's processes the one of this SOP: ids are references here, only calls name them
  // in words.
  adoptions() {
    const processes = this.modeler.getDefinitions().rootElements.filter((each) => each.$type === "bpmn:Process");
    const adopt = (process) => {
      const before = process.id;
      const at =
        this.registry.find((each) => each.businessObject === process || each.businessObject?.processRef === process) ??
        this.canvas.getRootElement();
      this.stack.execute("alur.adopt", { element: at, process, id: bench.process });
      for (const call of this.registry.filter((each) => each.businessObject?.calledElement === before))
        this.modeler.get("modeling").updateProperties(call, { calledElement: bench.process });
    };
    return processes.map((process) =>
      h(
        "button",
        { type: "button", class: "btn btn-sm", onclick: () => adopt(process) },
        say("adopt", { name: process.name || process.id, id: bench.process }),
      ),
    );
  }

  // Not requestSubmit(): what is awaited here is done before the event is, and a form asked again by then stays where
  // it is.
  submit(event) {
    event.preventDefault();
    this.send(by("pasang").action);
  }

  async send(action, fields = {}) {
    clearTimeout(this.waiting);
    const form = by("pasang");
    const changes = await this.keep();
    if (draft.other || ["ended", "barred"].includes(this.state)) return; // which the page says, and no other would
    form.elements.berkas.value = JSON.stringify(changes);
    for (const [name, value] of Object.entries(fields)) form.append(h("input", { type: "hidden", name, value }));
    form.action = action;
    form.submit();
  }
}

new Workshop().open();
