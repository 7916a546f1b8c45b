// Kelengkapan and output: data object references beside a step, and the associations that say it needs or yields them.
// One data object is one document, however many references to it are drawn.
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { freeId, renameObject, wordsOf } from "./names.js";

const SIZE = { width: 36, height: 50, gap: 24, apart: 54 };
const references = (registry, object) =>
  registry.filter(
    (element) =>
      is(element, "bpmn:DataObjectReference") &&
      !element.labelTarget &&
      element.businessObject.dataObjectRef === object,
  );

// The documents of a step: [{ connection, reference, object }].
export function documentsOf(task, direction) {
  const connections =
    direction === "inputs"
      ? task.incoming.filter((c) => is(c, "bpmn:DataInputAssociation"))
      : task.outgoing.filter((c) => is(c, "bpmn:DataOutputAssociation"));
  return connections
    .map((connection) => ({ connection, reference: direction === "inputs" ? connection.source : connection.target }))
    .filter(({ reference }) => is(reference, "bpmn:DataObjectReference"))
    .map((each) => ({ ...each, object: each.reference.businessObject.dataObjectRef }));
}

// Every document of the diagram by name: [{ object, name }].
export function allDocuments(registry) {
  const found = new Map();
  for (const element of registry.filter((each) => is(each, "bpmn:DataObjectReference") && !each.labelTarget)) {
    const object = element.businessObject.dataObjectRef;
    if (object && !found.has(object))
      found.set(object, { object, name: object.name || element.businessObject.name || object.id });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

// The command: { task, direction, object | name }: draws a reference beside the step and connects the two.
export class AddDocumentHandler {
  constructor(modeling, moddle, elementFactory, elementRegistry) {
    Object.assign(this, { modeling, moddle, elementFactory, elementRegistry });
  }

  preExecute(context) {
    const { task, direction, object } = context;
    const name =
      context.name ?? references(this.elementRegistry, object)[0]?.businessObject.name ?? object.name ?? object.id;
    const place = documentsOf(task, direction).length;
    const position = {
      x: task.x + SIZE.width / 2 + place * SIZE.apart + 8,
      y:
        direction === "inputs"
          ? task.y - SIZE.gap - SIZE.height / 2
          : task.y + task.height + SIZE.gap + SIZE.height / 2,
    };
    const shape = this.elementFactory.createShape({ type: "bpmn:DataObjectReference" });
    const reference = this.modeling.createShape(shape, position, task.parent, { dataObject: object });
    this.modeling.updateProperties(reference, {
      id: freeId(
        this.moddle,
        `${object?.id ?? wordsOf(name)}_${direction === "inputs" ? "untuk" : "dari"}_${task.businessObject.id}`,
      ),
    });
    if (!object)
      renameObject(
        this.modeling,
        this.moddle,
        reference,
        reference.businessObject.dataObjectRef,
        freeId(this.moddle, wordsOf(name) || "dokumen"),
      );
    this.modeling.updateLabel(reference, name);
    this.modeling.connect(...(direction === "inputs" ? [reference, task] : [task, reference]));
  }
}
AddDocumentHandler.$inject = ["modeling", "moddle", "elementFactory", "elementRegistry"];

// The command: { connection, reference }: the association goes, and the reference too if nothing else holds it.
export class RemoveDocumentHandler {
  constructor(modeling) {
    this.modeling = modeling;
  }

  preExecute({ connection, reference }) {
    this.modeling.removeConnection(connection);
    if (!reference.incoming.length && !reference.outgoing.length) this.modeling.removeShape(reference);
  }
}
RemoveDocumentHandler.$inject = ["modeling"];

// bpmn-js makes a new data object with every reference, and takes a data object away with any of its references. Here a
// reference may be made to a document that exists, and a document goes with its last reference.
export class SharedDocuments extends CommandInterceptor {
  constructor(eventBus, elementRegistry, bpmnUpdater) {
    super(eventBus);
    this.preExecute("shape.create", 500, ({ context }) => {
      if (context.hints?.dataObject) context.shape.businessObject.dataObjectRef = context.hints.dataObject;
    });
    const keep = () => {
      for (const element of elementRegistry.filter(
        (each) => is(each, "bpmn:DataObjectReference") && !each.labelTarget,
      )) {
        const { dataObjectRef, $parent } = element.businessObject;
        if (dataObjectRef && !dataObjectRef.$parent && $parent)
          bpmnUpdater.updateSemanticParent(dataObjectRef, $parent);
      }
    };
    this.executed(["shape.delete"], 100, keep);
    this.reverted(["shape.create"], 100, keep);
  }
}
SharedDocuments.$inject = ["eventBus", "elementRegistry", "bpmnUpdater"];
