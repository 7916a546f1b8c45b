// bpmn-js takes the place of the server's drawing where scripts run: the same states, and zoom.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

async function show(figure) {
  const paper = figure.querySelector(".diagram-paper");
  const [xml, marks] = await Promise.all([
    fetch(figure.dataset.bpmnUrl).then((answer) => answer.text()),
    figure.dataset.marksUrl ? fetch(figure.dataset.marksUrl).then((answer) => answer.json()) : { elements: {}, flows: [], proposals: [], current: [] },
  ]);
  const canvasElement = document.createElement("div");
  canvasElement.className = "diagram-canvas";
  const viewer = new NavigatedViewer({ container: canvasElement });
  const drawing = [...paper.childNodes];
  paper.replaceChildren(canvasElement);
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
    if (!registry.get(id)) continue;
    canvas.addMarker(id, `mark-${mark.state}`);
    const note = [mark.badge, mark.overdue, mark.returned ? "↩" : ""].filter(Boolean).join(" ");
    if (note) {
      const badge = document.createElement("div");
      badge.className = "alur-badge";
      badge.textContent = note;
      badge.title = mark.word;
      overlays.add(id, { position: { top: -12, left: 4 }, html: badge });
    }
  }
  for (const id of marks.flows) if (registry.get(id)) canvas.addMarker(id, "mark-flow");
  for (const id of marks.proposals) if (registry.get(id)) canvas.addMarker(id, "mark-proposal");
  canvas.zoom("fit-viewport", "auto");

  const tools = document.createElement("div");
  tools.className = "diagram-tools";
  const button = (label, act) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "btn btn-sm";
    element.textContent = label;
    element.addEventListener("click", act);
    tools.append(element);
  };
  button(`− ${figure.dataset.zoomOut}`, () => canvas.zoom(canvas.zoom() / 1.25, "auto"));
  button(`+ ${figure.dataset.zoomIn}`, () => canvas.zoom(canvas.zoom() * 1.25, "auto"));
  button(figure.dataset.fit, () => canvas.zoom("fit-viewport", "auto"));
  const current = marks.current.map((id) => registry.get(id)).find(Boolean);
  const centre = () => {
    canvas.zoom(1);
    const box = canvas.viewbox();
    canvas.viewbox({ x: current.x + current.width / 2 - box.width / 2, y: current.y + current.height / 2 - box.height / 2, width: box.width, height: box.height });
  };
  if (current && figure.dataset.own) button(figure.dataset.own, centre);
  paper.prepend(tools);
  if (current && canvas.zoom() < 0.75) centre();
}

document.querySelectorAll("[data-bpmn-url]").forEach(show);
