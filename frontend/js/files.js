// Files are looked at before they are sent: size and kind; the server looks at what is inside.
import { word } from "./words.js";

// As the server writes it: bytes, then KB, then MB.
const sizeOf = (bytes) => {
  const [unit, step] = bytes >= 2 ** 20 ? ["MB", 2 ** 20] : bytes >= 2 ** 10 ? ["KB", 2 ** 10] : ["B", 1];
  return `${String(Math.round((bytes / step) * 10) / 10).replace(".", ",")} ${unit}`;
};

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
        if (file.size > limit) faults.push(word("too_large", { name: `${file.name} (${sizeOf(file.size)})`, limit: sizeOf(limit) }));
        else if (kinds.length && !kinds.includes(suffix)) faults.push(word("wrong_kind", { name: file.name }));
        else names.push(`${file.name} (${sizeOf(file.size)})`);
      }
      notes.textContent = [...faults, ...names].join(" · ");
      notes.classList.toggle("bad", faults.length > 0);
      if (faults.length) input.value = "";
    });
  }
}
