// Files are looked at before they are sent: size and kind; the server looks at what is inside.
import { word } from "./words.js";

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0).replace(".", ",")} MB`; // as the server writes it

export function checkFiles(form) {
  for (const input of form.querySelectorAll('input[type="file"]')) {
    const notes = document.createElement("p");
    notes.className = "form-hint";
    notes.setAttribute("role", "status");
    input.after(notes);
    input.addEventListener("change", () => {
      const limit = Number(input.dataset.maxSize) || Infinity;
      const kinds = (input.accept || "").split(",").map((kind) => kind.trim().toLowerCase()).filter(Boolean);
      const faults = [];
      const names = [];
      for (const file of input.files) {
        const suffix = "." + file.name.split(".").pop().toLowerCase();
        if (file.size > limit) faults.push(word("too_large", { name: `${file.name} (${megabytes(file.size)})`, limit: megabytes(limit) }));
        else if (kinds.length && !kinds.includes(suffix)) faults.push(word("wrong_kind", { name: file.name }));
        else names.push(`${file.name} (${megabytes(file.size)})`);
      }
      notes.textContent = [...faults, ...names].join(" · ");
      notes.classList.toggle("bad", faults.length > 0);
      if (faults.length) input.value = "";
    });
  }
}
