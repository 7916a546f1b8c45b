// What a file looks like, in the page: a picture, or a PDF in the viewer of the browser; of other kinds nothing.
import { h } from "./elements.js";

export function look(src, name) {
  if (/\.(png|jpe?g)$/i.test(name)) return h("img", { src, alt: name });
  return /\.pdf$/i.test(name) ? h("iframe", { src, title: name }) : null;
}
