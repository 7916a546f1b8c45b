// bpmn-js as the studio uses it: what one may draw (a step is a user task from the start), in the reader's language,
// with the palette reachable by keyboard.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { bpmnWords } from "./bpmn_words.js";

const TOOL = 38; // pixels, as in modeller.css
const MARGIN = { left: 64, other: 16 }; // room for the palette
const LEGIBLE = 0.8; // below, the words of a diagram are guessed rather than read
const HIDDEN = ["create.data-store", "create.group"]; // only drawn, never run
// What the rules refuse, by name.
const REFUSED = /ad-?hoc|complex-gateway|compensation|cancel|link-intermediate|service-task|data-store/;

class StudioPalette {
  constructor(palette, create, elementFactory, translate) {
    Object.assign(this, { create, elementFactory, translate });
    palette.registerProvider(500, this);
    palette._needsCollapse = (height, entries) => height < Object.keys(entries).length * TOOL + 40;
  }

  getPaletteEntries() {
    return (entries) => {
      for (const name of HIDDEN) delete entries[name];
      const start = (event) => this.create.start(event, this.elementFactory.createShape({ type: "bpmn:UserTask" }));
      entries["create.task"] = {
        ...entries["create.task"],
        className: "bpmn-icon-user-task",
        title: this.translate("Create task"),
        action: { click: start, dragstart: start },
      };
      return entries;
    };
  }
}
StudioPalette.$inject = ["palette", "create", "elementFactory", "translate"];

class StudioContextPad {
  constructor(contextPad, create, elementFactory, autoPlace, appendPreview, popupMenu, canvas, translate) {
    Object.assign(this, { create, elementFactory, autoPlace, appendPreview, popupMenu, canvas, translate });
    contextPad.registerProvider(500, this);
    popupMenu.registerProvider("bpmn-replace", 500, this);
  }

  getPopupMenuEntries() {
    return (entries) => Object.fromEntries(Object.entries(entries).filter(([name]) => !REFUSED.test(name)));
  }

  getPopupMenuHeaderEntries() {
    return (entries) => entries;
  }

  // As bpmn-js does it, but for a deprecated call that complains in the console.
  replace(event, element) {
    const pad = this.canvas.getContainer().querySelector(".djs-context-pad.open").getBoundingClientRect();
    this.popupMenu.open(
      element,
      "bpmn-replace",
      { x: pad.left, y: pad.bottom + 5, cursor: { x: event.x, y: event.y } },
      { title: this.translate("Change element"), width: 300, search: true },
    );
  }

  getContextPadEntries(element) {
    return (entries) => {
      if (is(element, "bpmn:DataObjectReference")) delete entries.replace; // nothing that would run
      if (entries.replace)
        entries.replace = { ...entries.replace, action: { click: (event, shape) => this.replace(event, shape) } };
      const append = entries["append.append-task"];
      if (!append) return entries;
      const task = () => this.elementFactory.createShape({ type: "bpmn:UserTask" });
      entries["append.append-task"] = {
        ...append,
        className: "bpmn-icon-user-task",
        action: {
          click: (_, from) => this.autoPlace.append(from, task()),
          dragstart: (event, source) => this.create.start(event, task(), { source }),
          hover: (_, from) => {
            this.appendPreview.create(from, "bpmn:UserTask");
            return () => this.appendPreview.cleanUp();
          },
        },
      };
      return entries;
    };
  }
}
StudioContextPad.$inject = [
  "contextPad",
  "create",
  "elementFactory",
  "autoPlace",
  "appendPreview",
  "popupMenu",
  "canvas",
  "translate",
];

export function translated(template, facts = {}) {
  const text = document.documentElement.lang === "en" ? template : (bpmnWords[template] ?? template);
  return text.replace(/{([^}]+)}/g, (_, key) => facts[key] ?? `{${key}}`);
}

export const language = { translate: ["value", translated] };
export const drawing = {
  __init__: ["studioPalette", "studioContextPad"],
  studioPalette: ["type", StudioPalette],
  studioContextPad: ["type", StudioContextPad],
};

// The palette's tools answer to Tab, Enter and Space; arrows walk along them.
export function reachPalette(container) {
  const palette = container.querySelector(".djs-palette");
  palette?.setAttribute("role", "toolbar");
  palette?.setAttribute("aria-label", translated("Tools"));
  const tools = () => [...palette.querySelectorAll(".entry")];
  tools().forEach((tool, place) => {
    tool.tabIndex = place ? -1 : 0;
    tool.title = tool.getAttribute("aria-label");
  });
  palette?.addEventListener("keydown", (event) => {
    const all = tools();
    const place = all.indexOf(document.activeElement);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      document.activeElement.click();
    } else if (/^Arrow(Down|Up|Left|Right)$/.test(event.key) && place >= 0) {
      event.preventDefault();
      const next = all[(place + (/Down|Right/.test(event.key) ? 1 : all.length - 1)) % all.length];
      all[place].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  });
}

// The whole diagram, none of it under the palette, never larger than drawn.
export function fit(canvas) {
  canvas.zoom("fit-viewport");
  const { inner, outer } = canvas.viewbox();
  const scale = Math.min(
    1,
    (outer.width - MARGIN.left - MARGIN.other) / inner.width,
    (outer.height - 2 * MARGIN.other) / inner.height,
  );
  const [width, height] = [outer.width / scale, outer.height / scale];
  canvas.viewbox({ x: inner.x - MARGIN.left / scale, y: inner.y + inner.height / 2 - height / 2, width, height });
}

// The whole diagram if its words can be read; otherwise as drawn, with its beginning in view (pages.md, 5).
export function openingView(canvas, registry) {
  fit(canvas);
  const start =
    registry.find((each) => each.type === "bpmn:StartEvent") ?? registry.find((each) => each.type === "bpmn:FlowNode");
  const { scale, inner, outer } = canvas.viewbox();
  if (scale >= LEGIBLE || !start) return;
  const x = Math.min(inner.x, start.x) - MARGIN.left;
  const y =
    start.y - inner.y + 2 * MARGIN.other < outer.height / 2 ? inner.y - MARGIN.other : start.y - outer.height / 2;
  canvas.viewbox({ x, y, width: outer.width, height: outer.height });
}

// What is proposed and not yet confirmed is dashed here too.
export function markProposals(canvas, registry) {
  for (const element of registry.filter((each) => each.businessObject?.get && !each.labelTarget)) {
    const proposed = Boolean(element.businessObject.get("sop:usulan"));
    if (proposed !== canvas.hasMarker(element, "mark-proposal")) canvas.toggleMarker(element, "mark-proposal");
  }
}
