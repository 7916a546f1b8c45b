// What the SOP sheet says of the selected element, editable: name, lane, time, documents, performer, conditions. Every
// change is a command, so that Ctrl+Z undoes it like a stroke on the canvas.
//
// bpmn-js-properties-panel was considered: it brings its own preact components, styles and, through its FEEL editor,
// CodeMirror, for groups of fields of which we would keep name, id and documentation; what the SOP sheet has (waktu,
// kelengkapan, output, pelaksana, identitas) would be written here all the same.
import { is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { allDocuments, documentsOf } from "./documents.js";
import { translated } from "./canvas.js";
import { ID } from "./names.js";
import { h } from "../elements.js";
import { icon, say } from "./page.js";
import { ProcessFields } from "./process_fields.js";
import { formOf } from "./texts.js";

const UNITS = { minutes: ["PT", "M"], hours: ["PT", "H"], days: ["P", "D"] };
const REFERENCES = {
  "bpmn:SendTask": ["messageRef", "bpmn:Message"],
  "bpmn:ReceiveTask": ["messageRef", "bpmn:Message"],
  "bpmn:MessageEventDefinition": ["messageRef", "bpmn:Message"],
  "bpmn:SignalEventDefinition": ["signalRef", "bpmn:Signal"],
  "bpmn:ErrorEventDefinition": ["errorRef", "bpmn:Error"],
  "bpmn:EscalationEventDefinition": ["escalationRef", "bpmn:Escalation"],
};

export class Panel extends ProcessFields {
  content(chosen) {
    if (chosen.length > 1) return [h("h2", {}, say("several", { n: chosen.length }))];
    const element = chosen[0]?.labelTarget ?? chosen[0];
    if (!element || !element.businessObject)
      return [...this.ofProcess(this.pool()), h("p", { class: "muted" }, say("nothing"))];
    const object = element.businessObject;
    if (is(element, "bpmn:Participant") || isAny(element, ["bpmn:Process", "bpmn:Collaboration"]))
      return this.ofProcess(element);
    if (is(element, "bpmn:TextAnnotation"))
      return [
        h("h2", {}, say("note")),
        this.text("text", object.text, (value) => this.modeling.updateLabel(element, value), { rows: 4 }),
      ];
    if (
      isAny(element, [
        "bpmn:DataInputAssociation",
        "bpmn:DataOutputAssociation",
        "bpmn:Association",
        "bpmn:Group",
        "bpmn:MessageFlow",
      ])
    )
      return [this.head(element)];
    return [
      this.head(element),
      this.text("name", object.name, (value) => this.rename(element, value), {
        label: is(element, "bpmn:ExclusiveGateway") ? say("question") : say("name"),
        help: is(element, "bpmn:ExclusiveGateway") ? say("questionHelp") : null,
        rows: is(element, "bpmn:Task") ? 2 : 1,
      }),
      is(element, "bpmn:Task") &&
        object.$type === "bpmn:Task" &&
        h(
          "p",
          {},
          h(
            "button",
            { type: "button", class: "btn btn-sm", "data-key": "to-step", onclick: () => this.toUserTask(element) },
            say("userTask"),
          ),
        ),
      is(element, "bpmn:FlowNode") && this.lane(element),
      is(element, "bpmn:UserTask") && this.ofStep(element),
      is(element, "bpmn:StartEvent") &&
        element.parent &&
        !is(element.parent, "bpmn:SubProcess") &&
        this.form(element, object.id),
      is(element, "bpmn:Event") && this.timer(element),
      this.engineWork(element, object),
      is(element, "bpmn:Lane") &&
        this.text("role", object.get("sop:peran"), (value) => this.set(element, { "sop:peran": value }), {
          help: say("roleHelp"),
          placeholder: object.id,
        }),
      isAny(element, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"]) && this.flows(element),
      is(element, "bpmn:SequenceFlow") &&
        isAny(element.source, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"]) &&
        this.condition(element, "condition"),
      is(element, "bpmn:DataObjectReference") && this.document(element),
      is(element, "bpmn:UserTask") &&
        this.details("reminders", say("reminders"), [
          this.text("reminder", object.get("sop:pengingat"), (time) => this.set(element, { "sop:pengingat": time }), {
            help: say("reminderHelp"),
            placeholder: "PT2H",
          }),
          this.text("escalation", object.get("sop:eskalasi"), (to) => this.set(element, { "sop:eskalasi": to }), {
            help: say("escalationHelp"),
          }),
        ]),
      is(element, "bpmn:UserTask") &&
        this.text("remark", object.get("sop:keterangan"), (value) => this.set(element, { "sop:keterangan": value })),
      this.details("english", say("english"), [
        this.text("english", object.get("sop:nama"), (value) => this.set(element, { "sop:nama": value }), {
          lang: "en",
        }),
        is(element, "bpmn:UserTask") &&
          this.text("plain", object.get("sop:ejaanBaku"), (value) => this.set(element, { "sop:ejaanBaku": value })),
      ]),
      this.id(element),
      this.documentation(element, object),
      h(
        "label",
        { class: "check-line" },
        this.keyed(
          "proposal",
          h("input", {
            type: "checkbox",
            onchange: (event) => this.set(element, { "sop:usulan": event.target.checked || undefined }),
          }),
          object.get("sop:usulan"),
        ),
        " ",
        say("proposal"),
      ),
      this.actions(element),
    ]
      .flat()
      .filter(Boolean);
  }

  head(element) {
    const words = element.businessObject.$type
      .replace("bpmn:", "")
      .replace(/([a-z])([A-Z])/g, "$1 $2")
      .toLowerCase();
    return h("div", { class: "panel-head" }, h("h2", {}, translated(words[0].toUpperCase() + words.slice(1))));
  }

  name(element) {
    return element.businessObject.name || element.businessObject.id;
  }

  // ── what every element has ────────────────────────────────────────────────────────────────────────────────────────

  id(element) {
    const object = element.businessObject;
    const refuse = (id) =>
      !ID.test(id) ? say("idBad") : id !== object.id && this.moddle.ids.assigned(id) ? say("idTaken", { id }) : null;
    return this.text(
      "id",
      object.id,
      (id) => this.commandStack.execute("alur.rename", { element, id, texts: this.texts }),
      { code: true, refuse, help: say("idHelp") },
    );
  }

  documentation(element, object) {
    const [first, ...rest] = object.documentation ?? [];
    const change = (text) => {
      const documentation = text ? [this.bpmnFactory.create("bpmn:Documentation", { text }), ...rest] : rest;
      if (text) documentation[0].$parent = object;
      this.modeling.updateModdleProperties(element, object, { documentation });
    };
    return this.text("documentation", first?.text, change, { rows: 3 });
  }

  lanes() {
    return this.elementRegistry
      .filter((each) => is(each, "bpmn:Lane") && !each.labelTarget && !each.businessObject.childLaneSet?.lanes?.length)
      .sort((a, b) => a.y - b.y);
  }

  lane(element) {
    const lanes = this.lanes();
    const now = lanes.find((lane) => lane.businessObject.flowNodeRef?.includes(element.businessObject));
    if (!lanes.length || is(element, "bpmn:BoundaryEvent") || !is(element.parent, "bpmn:Participant")) return null;
    const options = [
      ...(now ? [] : [["", say("noLane")]]),
      ...lanes.map((lane) => [lane.businessObject.id, this.name(lane)]),
    ];
    const move = (id) =>
      id && this.commandStack.execute("alur.moveToLane", { element, lane: this.elementRegistry.get(id) });
    return this.select("lane", now?.businessObject.id ?? "", options, move);
  }

  actions(element) {
    const append = (type) => {
      const context = { element, type };
      this.commandStack.execute("alur.insertAfter", context);
      const { shape } = context;
      this.selection.select(shape);
      this.canvas.scrollToElement(shape);
      this.focus(["name"]);
    };
    const goesOn = is(element, "bpmn:FlowNode") && !is(element, "bpmn:EndEvent");
    return h(
      "div",
      { class: "button-row panel-actions" },
      goesOn && this.button(say("addStep"), () => append("bpmn:UserTask"), "add"),
      goesOn &&
        !is(element, "bpmn:Gateway") &&
        this.button(say("addDecision"), () => append("bpmn:ExclusiveGateway"), "add"),
      is(element, "bpmn:Lane") &&
        this.button(say("addLane"), () => this.selection.select(this.modeling.addLane(element, "bottom")), "add"),
      this.button(say("delete"), () => this.modeling.removeElements([element]), "delete"),
    );
  }

  toUserTask(element) {
    const shape = this.replacer(element);
    this.selection.select(shape);
  }

  // ── a step ────────────────────────────────────────────────────────────────────────────────────────────────────────

  ofStep(element) {
    const object = element.businessObject;
    const earlier = this.before(element).map((each) => [each.businessObject.id, this.name(each)]);
    const other = object.get("sop:bukanPelaksana");
    if (other && !earlier.some(([id]) => id === other)) earlier.push([other, other]);
    return [
      this.time(element),
      this.documents(element, "inputs"),
      this.documents(element, "outputs"),
      this.text("performer", object.get("sop:pelaksana"), (value) => this.set(element, { "sop:pelaksana": value }), {
        code: true,
        help: say("performerHelp"),
      }),
      this.items(element, object.loopCharacteristics),
      this.select("notPerformer", other ?? "", [["", say("nobody")], ...earlier], (id) =>
        this.set(element, { "sop:bukanPelaksana": id || undefined }),
      ),
      this.form(element, formOf(object)),
    ].flat();
  }

  // For what the step is done several times: an entry that holds a list, and the name each item has in expressions.
  items(element, loop) {
    if (loop?.$type !== "bpmn:MultiInstanceLoopCharacteristics" || loop.loopCardinality) return null;
    const change = (what) =>
      this.commandStack.execute("alur.items", {
        element,
        loop,
        process: this.pool().businessObject.processRef ?? this.pool().businessObject,
        ...what,
      });
    const refuse = (id) => (id && !ID.test(id) ? say("idBad") : null);
    return [
      this.text("items", loop.loopDataInputRef?.id, (list) => change({ list }), {
        code: true,
        refuse,
        help: say("itemsHelp"),
      }),
      this.text("item", loop.inputDataItem?.id, (item) => change({ item }), {
        code: true,
        refuse: (id) =>
          refuse(id) ??
          (id && id !== loop.inputDataItem?.id && this.moddle.ids.assigned(id) ? say("idTaken", { id }) : null),
        help: say("itemHelp"),
      }),
    ];
  }

  // The steps that may have been done when this one opens.
  before(element) {
    const seen = new Set([element]);
    const queue = [element];
    while (queue.length)
      for (const flow of queue.shift().incoming.filter((each) => is(each, "bpmn:SequenceFlow")))
        if (!seen.has(flow.source)) {
          seen.add(flow.source);
          queue.push(flow.source);
        }
    return [...seen].filter((each) => each !== element && is(each, "bpmn:UserTask")).sort((a, b) => a.x - b.x);
  }

  time(element) {
    const now = () => element.businessObject.get("sop:waktu") ?? "";
    const text = now();
    const chosen = this.unit?.element === element ? this.unit.chosen : "days"; // before there is a number
    const [, minutes, hours, days] = /^P(?:T(\d+)M|T(\d+)H|(\d+)D)$/.exec(text) ?? [];
    const unit = minutes ? "minutes" : hours ? "hours" : days ? "days" : text ? "iso" : chosen;
    const number = this.keyed(
      "time",
      h("input", {
        class: "form-control",
        type: unit === "iso" ? "text" : "number",
        min: 1,
        step: 1,
        inputmode: unit === "iso" ? null : "numeric",
      }),
      minutes ?? hours ?? days ?? text,
    );
    const units = this.keyed(
      "unit",
      h(
        "select",
        { class: "form-select", "aria-label": `${say("time")}: ${say("minutes")}, ${say("hours")}, ${say("days")}` },
        [...Object.keys(UNITS), "iso"].map((each) => h("option", { value: each }, say(each))),
      ),
      unit,
    );
    const problem = h("p", { class: "invalid-feedback", role: "alert", hidden: true }, say("timeBad"));
    const change = () => {
      const typed = number.value.trim();
      this.unit = { element, chosen: units.value };
      number.type = units.value === "iso" ? "text" : "number";
      if (units.value !== "iso" && typed && !/^[1-9]\d{0,5}$/.test(typed)) {
        problem.hidden = false;
        number.setAttribute("aria-invalid", "true");
        return;
      }
      const [before, after] = UNITS[units.value] ?? ["", ""];
      const time = typed ? before + typed + after : "";
      if (time !== now()) this.set(element, { "sop:waktu": time || undefined });
    };
    number.addEventListener("change", change);
    units.addEventListener("change", change);
    const field = this.field(say("time"), number, say("timeHelp"), problem);
    const pair = h("div", { class: "time-pair" });
    number.before(pair);
    pair.append(number, units);
    return field;
  }

  documents(element, direction) {
    const present = documentsOf(element, direction);
    const rows = present.map((each) =>
      h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            class: "link-button",
            onclick: () => (this.selection.select(each.reference), this.canvas.scrollToElement(each.reference)),
          },
          each.reference.businessObject.name || each.object?.id,
        ),
        h(
          "button",
          {
            type: "button",
            class: "btn btn-sm btn-square",
            "data-key": `remove-${direction}-${each.reference.id}`,
            "aria-label": say("remove", { name: each.reference.businessObject.name || each.object?.id }),
            onclick: () => this.commandStack.execute("alur.removeDocument", each),
          },
          icon("delete"),
        ),
      ),
    );
    const others = allDocuments(this.elementRegistry).filter(
      ({ object }) => !present.some((each) => each.object === object),
    );
    const choice = this.keyed(
      `choose-${direction}`,
      h(
        "select",
        { class: "form-select", "aria-label": `${say(direction)}: ${say("document")}` },
        others.map(({ object, name }) => h("option", { value: object.id }, name)),
        h("option", { value: "" }, say("newDocument")),
      ),
      others[0]?.object.id ?? "",
    );
    const fresh = this.keyed(
      `name-${direction}`,
      h("input", {
        class: "form-control",
        type: "text",
        "aria-label": say("newDocumentName"),
        placeholder: say("newDocumentName"),
        hidden: others.length > 0,
      }),
      "",
    );
    choice.addEventListener("change", () => {
      fresh.hidden = choice.value !== "";
      if (!fresh.hidden) fresh.focus();
    });
    const add = () => {
      const object = others.find((each) => each.object.id === choice.value)?.object;
      const name = fresh.value.trim();
      if (object) this.commandStack.execute("alur.addDocument", { task: element, direction, object });
      else if (name) this.commandStack.execute("alur.addDocument", { task: element, direction, name });
      else fresh.focus();
    };
    fresh.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      add();
    });
    return h(
      "fieldset",
      { class: "documents", "data-direction": direction },
      h("legend", { class: "form-label" }, say(direction)),
      rows.length > 0 && h("ul", { class: "plain" }, rows),
      h(
        "div",
        { class: "document-add" },
        choice,
        h("button", { type: "button", class: "btn btn-sm", "data-key": `add-${direction}`, onclick: add }, say("add")),
      ),
      fresh,
    );
  }

  form(element, id) {
    const has = this.texts.has(id);
    return h(
      "div",
      { class: "field" },
      h("p", { class: "form-label" }, say("form")),
      has
        ? h(
            "p",
            { class: "button-row" },
            this.button(say("editForm"), () => this.editForm(id)),
            h("code", {}, id),
          )
        : h(
            "p",
            { class: "button-row" },
            h("span", { class: "bad" }, say("noForm")),
            this.button(say("mendForm"), () => this.makeForm(element), null, "make-form"),
          ),
    );
  }

  // ── gateways, flows, events, documents ────────────────────────────────────────────────────────────────────────────

  flows(element) {
    const outgoing = element.outgoing.filter((each) => is(each, "bpmn:SequenceFlow"));
    const choose = (id) => this.set(element, { default: id ? this.elementRegistry.get(id).businessObject : undefined });
    return [
      h("h3", {}, say("flows")),
      this.select(
        "default",
        element.businessObject.default?.id ?? "",
        [
          ["", say("noDefault")],
          ...outgoing.map((flow) => [flow.id, flow.businessObject.name || say("to", { name: this.name(flow.target) })]),
        ],
        choose,
        { help: say("defaultHelp") },
      ),
      ...outgoing
        .filter((flow) => flow.businessObject !== element.businessObject.default)
        .map((flow) =>
          this.condition(
            flow,
            `condition-${flow.id}`,
            `${flow.businessObject.name ? `${flow.businessObject.name} ` : ""}${say("to", { name: this.name(flow.target) })}`,
          ),
        ),
    ];
  }

  condition(flow, key, label) {
    const condition = flow.businessObject.conditionExpression;
    const change = (body) => {
      if (condition && body) this.modeling.updateModdleProperties(flow, condition, { body });
      else
        this.set(flow, {
          conditionExpression: body ? this.bpmnFactory.create("bpmn:FormalExpression", { body }) : undefined,
        });
    };
    return this.text(key, condition?.body, change, {
      label: label ?? say("condition"),
      code: true,
      help: label ? null : say("conditionHelp"),
      rows: 2,
    });
  }

  timer(element) {
    const definition = element.businessObject.eventDefinitions?.find(
      (each) => each.$type === "bpmn:TimerEventDefinition",
    );
    if (!definition) return null;
    const kinds = ["timeDuration", "timeDate", "timeCycle"];
    const kind = kinds.find((each) => definition[each]) ?? "timeDuration";
    const change = (now, body) =>
      this.modeling.updateModdleProperties(element, definition, {
        ...Object.fromEntries(kinds.map((each) => [each, undefined])),
        [now]: body ? this.bpmnFactory.create("bpmn:FormalExpression", { body }) : undefined,
      });
    return [
      this.select(
        "timer",
        kind,
        kinds.map((each) => [each, say(each)]),
        (now) => change(now, definition[kind]?.body),
      ),
      this.text("timer-body", definition[kind]?.body, (body) => change(kind, body), {
        label: say(kind),
        code: true,
        help: say("timerHelp"),
      }),
    ];
  }

  // What the engine does by itself: compute, call, send, wait for, catch.
  engineWork(element, object) {
    const definition = is(element, "bpmn:Event") && object.eventDefinitions?.[0];
    const [property, type] = REFERENCES[definition ? definition.$type : object.$type] ?? [];
    const [holder, condition] = [definition || object, definition?.condition];
    const write = (body) =>
      this.modeling.updateModdleProperties(element, definition, {
        condition: body ? this.bpmnFactory.create("bpmn:FormalExpression", { body }) : undefined,
      });
    return [
      is(element, "bpmn:ScriptTask") &&
        this.text("script", object.script, (script) => this.set(element, { script }), {
          code: true,
          rows: 4,
          help: say("scriptHelp"),
        }),
      is(element, "bpmn:CallActivity") &&
        this.text("called", object.calledElement, (id) => this.set(element, { calledElement: id }), { code: true }),
      property &&
        this.text(
          "reference",
          holder[property]?.name,
          (name) => this.commandStack.execute("alur.refer", { element, holder, property, type, name }),
          { label: say(property) },
        ),
      definition?.$type === "bpmn:ConditionalEventDefinition" &&
        this.text("when", condition?.body, write, {
          label: say("condition"),
          code: true,
          rows: 2,
          help: say("conditionHelp"),
        }),
    ];
  }

  document(element) {
    const object = element.businessObject.dataObjectRef;
    const options = allDocuments(this.elementRegistry).map((each) => [
      each.object.id,
      `${each.name} (${each.object.id})`,
    ]);
    const choose = (id) =>
      this.modeling.updateModdleProperties(element, element.businessObject, {
        dataObjectRef: allDocuments(this.elementRegistry).find((each) => each.object.id === id).object,
      });
    const refuse = (id) =>
      !ID.test(id) ? say("idBad") : id !== object.id && this.moddle.ids.assigned(id) ? say("idTaken", { id }) : null;
    const lanes = this.elementRegistry
      .filter((each) => is(each, "bpmn:Lane"))
      .map(({ businessObject: lane }) => [lane.get("sop:peran") || lane.id, lane.name || lane.id]);
    const approver = object?.get("sop:persetujuan");
    const roles = [
      ["", say("nobody")],
      ...lanes,
      ...(approver && !lanes.some(([role]) => role === approver) ? [[approver, approver]] : []),
    ];
    const approve = (role) =>
      this.modeling.updateModdleProperties(element, object, { "sop:persetujuan": role || undefined });
    return (
      object && [
        this.select("document", object.id, options, choose),
        this.select("approver", approver ?? "", roles, approve, { help: say("approverHelp") }),
        this.text(
          "documentId",
          object.id,
          (id) => this.commandStack.execute("alur.renameObject", { element, object, id }),
          { code: true, refuse, help: say("documentHelp") },
        ),
      ]
    );
  }
}
