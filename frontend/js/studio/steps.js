// Commands on steps: where they stand, what they follow, for what they are done, and the messages they speak of.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { allDocuments } from "./documents.js";
import { freeId, wordsOf } from "./names.js";

const APART = 50; // pixels between a step and what follows, as bpmn-js places it

// The command: { element, lane }: moves a step into the middle of a lane, with the documents that only it uses.
export class MoveToLaneHandler {
  constructor(modeling) {
    this.modeling = modeling;
  }

  preExecute({ element, lane }) {
    const own = [...element.incoming, ...element.outgoing]
      .flatMap((connection) => [connection.source, connection.target])
      .filter((each) => is(each, "bpmn:DataObjectReference") && each.incoming.length + each.outgoing.length === 1);
    const dy = Math.round(lane.y + lane.height / 2 - (element.y + element.height / 2));
    this.modeling.moveElements(
      [element, ...(element.attachers ?? []), ...new Set(own)],
      { x: 0, y: dy },
      element.parent,
    );
  }
}
MoveToLaneHandler.$inject = ["modeling"];

// The command: { element, type }: draws what follows *element*. A task goes on in one direction only, so what followed
// it follows the new one, and moves on with everything beside it where there is no room.
export class InsertAfterHandler {
  constructor(modeling, elementFactory, autoPlace, spaceTool, elementRegistry) {
    Object.assign(this, { modeling, elementFactory, autoPlace, spaceTool, elementRegistry });
  }

  preExecute(context) {
    const { element, type } = context;
    const flows = element.outgoing.filter((each) => is(each, "bpmn:SequenceFlow"));
    const next = flows.length === 1 && !is(element, "bpmn:Gateway") ? flows[0] : null;
    const shape = this.elementFactory.createShape({ type });
    const end = element.x + element.width;
    const lacking = end + shape.width + 2 * APART - next?.target.x;
    if (next?.target.x > end && lacking > 0) {
      const { movingShapes, resizingShapes } = this.spaceTool.calculateAdjustments(
        this.elementRegistry.filter((each) => each.parent),
        "x",
        lacking,
        end + 1,
      );
      this.modeling.createSpace(movingShapes, resizingShapes, { x: lacking, y: 0 }, "e", end + 1);
    }
    const middle = element.y + element.height / 2;
    context.shape =
      next?.target.x > end
        ? this.modeling.appendShape(element, shape, { x: end + APART + shape.width / 2, y: middle }, element.parent)
        : this.autoPlace.append(element, shape);
    if (next)
      this.modeling.reconnectStart(next, context.shape, { x: context.shape.x + context.shape.width, y: middle });
  }
}
InsertAfterHandler.$inject = ["modeling", "elementFactory", "autoPlace", "spaceTool", "elementRegistry"];

// The command: { element, loop, process, list?, item? }: the id of the list that a step is done for, which is a
// document, else an entry that belongs to the process and is named here if it is not yet; the id of each of its items.
// Empty takes it away.
export class ItemsHandler {
  constructor(modeling, bpmnFactory, elementRegistry) {
    Object.assign(this, { modeling, bpmnFactory, elementRegistry });
  }

  preExecute(context) {
    const { element, loop, process, list, item } = context;
    const made = (type, parent, id) => Object.assign(this.bpmnFactory.create(type, { id }), { $parent: parent });
    if ("list" in context) {
      const properties = process.get("properties");
      let found =
        list &&
        (properties.find((each) => each.id === list) ??
          allDocuments(this.elementRegistry).find(({ object }) => object.id === list)?.object);
      if (list && !found) {
        found = made("bpmn:Property", process, list);
        this.modeling.updateModdleProperties(element, process, { properties: [...properties, found] });
      }
      this.modeling.updateModdleProperties(element, loop, { loopDataInputRef: found || undefined });
    }
    if ("item" in context)
      this.modeling.updateModdleProperties(element, loop, {
        inputDataItem: item ? made("bpmn:DataInput", loop, item) : undefined,
      });
  }
}
ItemsHandler.$inject = ["modeling", "bpmnFactory", "elementRegistry"];

// The command: { element, holder, property, type, name }: the message, signal, error or escalation of that name, which
// is made if nobody spoke of it yet; an error is caught by its code, which is the name in words.
export class ReferHandler {
  constructor(modeling, moddle, bpmnFactory, bpmnjs) {
    Object.assign(this, { modeling, moddle, bpmnFactory, bpmnjs });
  }

  preExecute({ element, holder, property, type, name }) {
    const definitions = this.bpmnjs.getDefinitions();
    let found = name && definitions.rootElements.find((each) => each.$type === type && each.name === name);
    if (name && !found) {
      const id = freeId(this.moddle, wordsOf(name) || wordsOf(type));
      const code = { "bpmn:Error": { errorCode: id }, "bpmn:Escalation": { escalationCode: id } }[type];
      found = Object.assign(this.bpmnFactory.create(type, { id, name, ...code }), { $parent: definitions });
      this.modeling.updateModdleProperties(element, definitions, {
        rootElements: [...definitions.rootElements, found],
      });
      this.modeling.claimId(id, found);
    }
    this.modeling.updateModdleProperties(element, holder, { [property]: found || undefined });
  }
}
ReferHandler.$inject = ["modeling", "moddle", "bpmnFactory", "bpmnjs"];
