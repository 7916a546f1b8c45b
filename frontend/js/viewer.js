// bpmn-js takes the place of the server's drawing where scripts run: the same states, and zoom.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { button, h } from "./elements.js";

// A state is never told by colour alone (pages.md, 5).
const SIGNS = { active: "●", waiting: "…", done: "✓", not_taken: "–", cancelled: "×", incident: "!" };
const READABLE = 0.9; // of the diagram's own letters, which are 11 and 12 px high

// The middle of a line's longest stretch, from the corner of the box around it, where its notes are counted from.
function middle(points) {
  const stretches = points.slice(1).map((end, at) => [points[at], end]);
  const length = ([from, to]) => Math.hypot(to.x - from.x, to.y - from.y);
  const [from, to] = stretches.reduce((longest, each) => (length(each) > length(longest) ? each : longest));
  const corner = (axis) => Math.min(...points.map((point) => point[axis]));
  return { left: (from.x + to.x) / 2 - corner("x") - 14, top: (from.y + to.y) / 2 - corner("y") - 10 };
}

async function show(figure) {
  const paper = figure.querySelector(".diagram-paper");
  const [xml, marks] = await Promise.all([
    fetch(figure.dataset.bpmnUrl).then((answer) => answer.text()),
    figure.dataset.marksUrl
      ? fetch(figure.dataset.marksUrl).then((answer) => answer.json())
      : { elements: {}, flows: {}, proposals: [], current: [] },
  ]);
  const canvasElement = h("div", { class: "diagram-canvas" });
  const viewer = new NavigatedViewer({ container: canvasElement });
  const drawing = [...paper.childNodes];
  const printed = h("div", { class: "diagram-print" }, drawing); // paper has room for the whole, and no use for tools
  paper.replaceChildren(printed, canvasElement);
  try {
    await viewer.importXML(xml);
  } catch {
    paper.replaceChildren(...drawing); // the drawing says the same
    return;
  }
  const canvas = viewer.get("canvas");
  const overlays = viewer.get("overlays");
  const registry = viewer.get("elementRegistry");
  for (const [id, mark] of Object.entries(marks.elements)) {
    // Lanes and documents have no state of their own.
    if (!registry.get(id)?.businessObject.$instanceOf("bpmn:FlowNode")) continue;
    canvas.addMarker(id, `mark-${mark.state}`);
    const note = [SIGNS[mark.state], mark.badge, mark.overdue, mark.returned ? "↩" : ""].filter(Boolean).join(" ");
    if (!note) continue;
    const badge = h("div", { class: `alur-badge badge-${mark.state}`, title: mark.word }, note);
    overlays.add(id, { position: { top: -12, left: -8 }, html: badge });
  }
  for (const [id, count] of Object.entries(marks.flows)) {
    const flow = registry.get(id);
    if (!flow) continue;
    canvas.addMarker(id, "mark-flow");
    if (count < 2) continue;
    const badge = h("div", { class: "alur-badge badge-times" }, `${Number(count)}×`);
    overlays.add(id, { position: middle(flow.waypoints), html: badge });
  }
  for (const id of marks.proposals) if (registry.get(id)) canvas.addMarker(id, "mark-proposal");
  // The whole diagram if its labels stay readable, else the current step (the first one of an SOP, or of a finished
  // run) at full size.
  const whole = () => canvas.zoom("fit-viewport", "auto");
  const current = [
    ...marks.current.map((id) => registry.get(id)),
    ...registry.filter((element) => element.type === "bpmn:StartEvent"),
  ].find(Boolean);
  const centre = () => {
    canvas.zoom(1);
    const box = canvas.viewbox();
    const all = box.inner;
    const within = (at, size, from, length) =>
      size >= length
        ? from + (length - size) / 2
        : Math.min(Math.max(at - size / 2, from - 20), from + length - size + 20);
    canvas.viewbox({
      x: within(current.x + current.width / 2, box.width, all.x, all.width),
      y: within(current.y + current.height / 2, box.height, all.y, all.height),
      width: box.width,
      height: box.height,
    });
  };
  whole();
  if (current && canvas.zoom() < READABLE) centre();

  const { zoomOut, zoomIn, fit, own } = figure.dataset;
  const tools = h(
    "div",
    { class: "diagram-tools" },
    button(`− ${zoomOut}`, () => canvas.zoom(canvas.zoom() / 1.25, "auto")),
    button(`+ ${zoomIn}`, () => canvas.zoom(canvas.zoom() * 1.25, "auto")),
    button(fit, whole),
    marks.current.length && own ? button(own, centre) : null,
  );
  paper.prepend(tools);
}

document.querySelectorAll("[data-bpmn-url]").forEach(show);
