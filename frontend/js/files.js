// Files are looked at before they are sent: size and kind; the server looks at what is inside. In a form that has a
// draft they are sent as soon as they are chosen, so that nothing that happens to the page later loses them; until then
// they stay in their field, and a submit takes them along.
import { h } from "./elements.js";
import { look } from "./look.js";
import { ended, RESUMED, renew } from "./session.js";
import { word } from "./words.js";

// As the server writes it: bytes, then KB, then MB.
const sizeOf = (bytes) => {
  const [unit, step] = bytes >= 2 ** 20 ? ["MB", 2 ** 20] : bytes >= 2 ** 10 ? ["KB", 2 ** 10] : ["B", 1];
  return `${String(Math.round((bytes / step) * 10) / 10).replace(".", ",")} ${unit}`;
};
const RETRIES = [2_000, 5_000, 15_000, 60_000];

// A camera gives one photograph at a time: those that were taken before stay in the field.
function gather(input) {
  let taken = [];
  input.addEventListener("change", () => {
    const all = new DataTransfer();
    taken = [...taken, ...input.files];
    taken.forEach((photograph) => all.items.add(photograph));
    input.files = all.files;
  });
}

export function checkFiles(form) {
  for (const input of form.querySelectorAll('input[type="file"]')) {
    if ("photographs" in input.dataset) gather(input);
    const notes = h("p", { class: "form-hint", role: "status" });
    input.after(notes);
    input.addEventListener("change", () => {
      const limit = Number(input.dataset.maxSize) || Infinity;
      const kinds = (input.accept || "")
        .split(",")
        .map((kind) => kind.trim().toLowerCase())
        .filter(Boolean);
      const faults = [];
      const names = [];
      for (const file of input.files) {
        const suffix = `.${file.name.split(".").pop().toLowerCase()}`;
        if (file.size > limit)
          faults.push(word("too_large", { name: `${file.name} (${sizeOf(file.size)})`, limit: sizeOf(limit) }));
        else if (kinds.length && !kinds.includes(suffix)) faults.push(word("wrong_kind", { name: file.name }));
        else names.push(`${file.name} (${sizeOf(file.size)})`);
      }
      notes.textContent = [...faults, ...names].join(" · ");
      notes.classList.toggle("bad", faults.length > 0);
      if (faults.length) input.value = "";
      input.parentElement.querySelector(".chosen")?.remove();
      const [file] = "look" in input.dataset ? input.files : [];
      if (file) notes.after(h("div", { class: "chosen preview" }, look(URL.createObjectURL(file), file.name)));
    });
  }
}

// Every file that the page shows or showed: what the draft holds besides, nobody here can have removed.
export const SHOWN = "_lampiran";
export const shownIn = (form) => [...form.querySelectorAll(`[name="${SHOWN}"]`)].map((mark) => mark.value);

// A file that the server keeps, as the page shows those of a draft: a checked box before its field.
export function addKept(form, id, path, name, size) {
  const input = form.querySelector(`input[type="file"][name="${CSS.escape(path)}"]`);
  if (!input || form.querySelector(`input[type="checkbox"][value="${CSS.escape(id)}"]`)) return;
  if (!input.multiple)
    form.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(path)}"]`).forEach((box) => (box.checked = false));
  const box = h("input", { type: "checkbox", name: path, value: id, "data-sent-ahead": name, "data-size": size });
  box.checked = true;
  const shown = h("input", { type: "hidden", name: SHOWN, value: id });
  const text = h("span", {}, `${name} `, h("span", { class: "muted" }, `(${sizeOf(size)})`));
  const seen = look(`/lampiran/${id}`, name);
  const fold = seen && h("details", { class: "preview" }, h("summary", {}, word("preview")), seen);
  seen?.setAttribute("loading", "lazy");
  const line = h("div", { class: "check" }, h("label", {}, box, shown, " ", text), fold);
  input.before(line);
}
export const keptOf = (form) =>
  Object.fromEntries(
    [...form.querySelectorAll("[data-sent-ahead]")].map((box) => [
      box.value,
      [box.name, box.dataset.sentAhead, Number(box.dataset.size)],
    ]),
  );

export function sendAhead(form, saver) {
  const url = form.dataset.fileUrl;
  if (!url) return;
  const waiting = new Set(); // files on their way
  const leave = (input, file) => {
    const rest = new DataTransfer();
    for (const each of input.files) if (each !== file) rest.items.add(each);
    input.files = rest.files;
  };
  const send = (input, file, tries = 0) => {
    if (![...input.files].includes(file)) return void waiting.delete(file); // another was chosen instead
    const notes = input.nextElementSibling;
    const again = () => {
      notes.textContent = word("upload_waits", { name: file.name });
      const retry = () => {
        clearTimeout(timer);
        removeEventListener("online", retry);
        document.removeEventListener(RESUMED, retry);
        send(input, file, tries + 1);
      };
      const timer = setTimeout(retry, RETRIES[Math.min(tries, RETRIES.length - 1)]);
      addEventListener("online", retry);
      document.addEventListener(RESUMED, retry);
    };
    const body = new FormData();
    body.set("csrf_token", form.querySelector('[name="csrf_token"]').value);
    body.set(input.name, file);
    const request = new XMLHttpRequest(); // fetch tells no progress
    request.open("POST", url);
    request.setRequestHeader("X-Alur-Background", "1");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      notes.textContent = word("uploading", { name: file.name, n: Math.floor((100 * event.loaded) / event.total) });
    });
    request.addEventListener("error", again);
    request.addEventListener("load", async () => {
      if (request.status === 200 && [...input.files].includes(file)) {
        addKept(form, request.response.id, input.name, file.name, file.size);
        leave(input, file);
        waiting.delete(file);
        notes.textContent = "";
        form.dispatchEvent(new Event("change"));
      } else if (request.status === 413 || request.status === 422 || request.status === 409) {
        leave(input, file);
        waiting.delete(file);
        notes.textContent = request.response?.message || word("too_large", { name: file.name, limit: "" });
        notes.classList.add("bad");
      } else if ([400, 401, 403].includes(request.status) && !(await renew())) {
        ended();
        again();
      } else if (request.status !== 200) again();
    });
    request.send(body);
  };
  form.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    for (const file of event.target.files)
      if (!waiting.has(file)) {
        waiting.add(file);
        send(event.target, file);
      }
  });
  addEventListener("beforeunload", (event) => waiting.size && !saver.left && event.preventDefault());
}
