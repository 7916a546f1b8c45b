// Making elements, the one way for every script.

// h("button", { class: "btn", onclick: act }, "text", child): attributes as HTML knows them, listeners by on…;
// attributes and children that are null, undefined or false are left out, and so is empty text. Lists of children are
// laid flat.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (absent(value)) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => !absent(child) && child !== ""));
  return element;
}

const absent = (value) => value === null || value === undefined || value === false;

// A button of the small kind that stands in lines and bars.
export const button = (label, act, attributes = {}) =>
  h("button", { type: "button", class: "btn btn-sm", ...attributes, onclick: act }, label);

// An icon of the sprite: *address* is the sprite's, with the icon's name as its fragment.
export function iconAt(address) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", address);
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}
