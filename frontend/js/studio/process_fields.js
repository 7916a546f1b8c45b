// What the panel says of the whole process: its names, who starts it, and what stands on the head of its SOP sheet.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { h } from "../elements.js";
import { Fields } from "./fields.js";
import { ID } from "./names.js";
import { bench, say } from "./page.js";

const IDENTITY = [
  "nomor",
  "judul",
  "tanggalPembuatan",
  "tanggalRevisi",
  "tanggalEfektif",
  "disahkanOleh",
  "pangkat",
  "nip",
  "instansi",
  "alamat",
  "telepon",
  "kodePos",
  "faksimile",
  "surel",
  "laman",
];
const LISTS = [
  "dasarHukum",
  "kualifikasi",
  "keterkaitan",
  "peralatan",
  "peringatan",
  "pencatatan",
  "belumDikonfirmasi",
];

export class ProcessFields extends Fields {
  pool() {
    return (
      this.elementRegistry.find((each) => is(each, "bpmn:Participant") && each.businessObject.processRef) ??
      this.canvas.getRootElement()
    );
  }

  ofProcess(element) {
    const pool = is(element, "bpmn:Participant") ? element : this.pool();
    const process = is(pool, "bpmn:Participant")
      ? pool.businessObject.processRef
      : is(pool, "bpmn:Process")
        ? pool.businessObject
        : null;
    if (!process) return [];
    const set = (properties) => this.modeling.updateModdleProperties(pool, process, properties);
    const [first, ...rest] = process.documentation ?? [];
    return [
      h(
        "div",
        { class: "panel-head" },
        h("h2", {}, process.name || process.id),
        h(
          "p",
          { class: "muted small" },
          `${say("process")} · ${process.id}${bench.base ? ` · ${say("idFixed")}` : ""}`,
        ),
      ),
      !bench.base &&
        this.text("rename", bench.process, (id) => this.renameSop(id), {
          code: true,
          help: say("renameHelp"),
          refuse: (id) => (ID.test(id) ? null : say("idBad")),
        }),
      this.text("name", process.name, (name) => set({ name }), { rows: 2 }),
      this.text("english", process.get("sop:nama"), (value) => set({ "sop:nama": value }), { lang: "en" }),
      is(pool, "bpmn:Participant") && this.text("pool", pool.businessObject.name, (value) => this.rename(pool, value)),
      this.text(
        "documentation",
        first?.text,
        (text) =>
          set({ documentation: text ? [this.bpmnFactory.create("bpmn:Documentation", { text }), ...rest] : rest }),
        { rows: 4 },
      ),
      h(
        "label",
        { class: "check-line" },
        this.keyed(
          "executable",
          h("input", { type: "checkbox", onchange: (event) => set({ isExecutable: event.target.checked }) }),
          process.isExecutable,
        ),
        " ",
        say("executable"),
      ),
      this.text("starters", process.get("sop:pemulai"), (value) => set({ "sop:pemulai": value }), {
        help: say("startersHelp"),
      }),
      this.text("title", process.get("sop:judul"), (value) => set({ "sop:judul": value }), { code: true, rows: 2 }),
      this.text("key", process.get("sop:kunci"), (value) => set({ "sop:kunci": value }), {
        code: true,
        help: say("keyHelp"),
      }),
      this.text("reference", process.get("sop:tanggalAcuan"), (value) => set({ "sop:tanggalAcuan": value }), {
        code: true,
        rows: 2,
      }),
      this.details("identity", say("identity"), this.identity(pool, process)),
    ].filter(Boolean);
  }

  identity(pool, process) {
    const known = process.extensionElements?.values?.find((each) => each.$type === "sop:Identitas");
    const set = (properties) => {
      if (known) return this.modeling.updateModdleProperties(pool, known, properties);
      const identity = this.moddle.create("sop:Identitas", properties);
      const extensions = this.bpmnFactory.create("bpmn:ExtensionElements", {
        values: [...(process.extensionElements?.values ?? []), identity],
      });
      identity.$parent = extensions;
      extensions.$parent = process;
      return this.modeling.updateModdleProperties(pool, process, { extensionElements: extensions });
    };
    return [
      ...IDENTITY.map((name) => this.text(name, known?.get(name), (value) => set({ [name]: value }))),
      ...LISTS.map((name) =>
        this.text(
          name,
          (known?.get(name) ?? []).join("\n"),
          (value) =>
            set({
              [name]: (value ?? "")
                .split("\n")
                .map((line) => line.trim())
                .filter(Boolean),
            }),
          { rows: 3, help: say("oneALine") },
        ),
      ),
    ];
  }
}
