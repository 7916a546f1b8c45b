// Ids are words of the office (periksa_berkas, never Activity_0x3f): forms, history and API are named by them. What is
// drawn gets its id from its first name; renaming an id takes its form and those who refer to it along. All of it is
// part of the command that caused it, so undoing that undoes this.
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { schemaPath, uiPath } from "./texts.js";

export const ID = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
const GIVEN = /^[A-Z]\w*_[0-9a-z]{7}$/; // as bpmn-js makes them
const LONGEST = 48;

export function wordsOf(name) {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, "")
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_0-9]+|_+$/g, "");
  return plain.length <= LONGEST ? plain : plain.slice(0, LONGEST + 1).replace(/_[^_]*$/, "");
}

export function freeId(moddle, wanted) {
  let id = wanted;
  for (let number = 2; moddle.ids.assigned(id); number++) id = `${wanted}_${number}`;
  return id;
}

export class NameGivesId extends CommandInterceptor {
  constructor(eventBus, moddle, modeling) {
    super(eventBus);
    this.postExecuted(["element.updateLabel", "element.updateProperties"], ({ context }) => {
      const element = context.element.labelTarget || context.element;
      const object = getBusinessObject(element);
      const named = context.newLabel ?? context.properties?.name;
      const wanted = named && wordsOf(named);
      if (!wanted || !element.parent || is(element, "bpmn:TextAnnotation") || is(element, "bpmn:Group")) return;
      if (is(element, "bpmn:DataObjectReference") && GIVEN.test(object.dataObjectRef?.id ?? "")) {
        renameObject(modeling, moddle, element, object.dataObjectRef, freeId(moddle, wanted));
        if (GIVEN.test(object.id)) modeling.updateProperties(element, { id: freeId(moddle, `${wanted}_rujukan`) });
      } else if (GIVEN.test(object.id)) modeling.updateProperties(element, { id: freeId(moddle, wanted) });
    });
  }
}
NameGivesId.$inject = ["eventBus", "moddle", "modeling"];

export function renameObject(modeling, moddle, element, object, id) {
  modeling.unclaimId(object.id, object);
  modeling.updateModdleProperties(element, object, { id });
  modeling.claimId(id, object);
}

// The command: { element, id, texts }.
export class RenameHandler {
  constructor(modeling, elementRegistry, commandStack) {
    Object.assign(this, { modeling, elementRegistry, commandStack });
  }

  preExecute({ element, id, texts }) {
    const before = element.businessObject.id;
    this.modeling.updateProperties(element, { id });
    for (const other of this.elementRegistry.filter(
      (each) => each.businessObject?.get?.("sop:bukanPelaksana") === before,
    ))
      this.modeling.updateProperties(other, { "sop:bukanPelaksana": id });
    if (!is(element, "bpmn:UserTask") && !is(element, "bpmn:StartEvent")) return;
    const changes = {};
    for (const path of [schemaPath, uiPath]) {
      const text = texts.forms.get(path(before));
      if (text !== undefined && !texts.forms.has(path(id)))
        Object.assign(changes, { [path(before)]: null, [path(id)]: text });
    }
    if (Object.keys(changes).length) this.commandStack.execute("alur.texts", { texts, changes });
  }
}
RenameHandler.$inject = ["modeling", "elementRegistry", "commandStack"];

// The command: { element, process, id }: makes a process the one that runs, under the SOP's id; whatever refers to it
// follows.
export class AdoptHandler {
  constructor(modeling, moddle) {
    Object.assign(this, { modeling, moddle });
  }

  preExecute({ element, process, id }) {
    renameObject(this.modeling, this.moddle, element, process, id);
    this.modeling.updateModdleProperties(element, process, { isExecutable: true });
  }
}
AdoptHandler.$inject = ["modeling", "moddle"];

// The command: { element, object, id }: a data object's id; its references keep theirs.
export class RenameObjectHandler {
  constructor(modeling, moddle) {
    Object.assign(this, { modeling, moddle });
  }

  preExecute({ element, object, id }) {
    renameObject(this.modeling, this.moddle, element, object, id);
  }
}
RenameObjectHandler.$inject = ["modeling", "moddle"];
