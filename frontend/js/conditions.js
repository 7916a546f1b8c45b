// Fields that appear after their cause (the hooks stand in templates/forms/fields.html); without scripts all are
// visible.
import { word } from "./words.js";

const valuesOf = (form, path) =>
  [...form.querySelectorAll(`[name="${CSS.escape(path)}"]`)]
    .filter((input) => (input.type === "checkbox" || input.type === "radio" ? input.checked : true))
    .map((input) => input.value);

export function followConditions(form) {
  const dependent = [...form.querySelectorAll("[data-shown-when]")];
  if (!dependent.length) return;
  form.querySelectorAll("[data-condition-text]").forEach((text) => text.remove());
  const update = () => {
    for (const element of dependent) {
      const wanted = JSON.parse(element.dataset.shownValues).map(String);
      const matches = valuesOf(form, element.dataset.shownWhen).some((value) => wanted.includes(value));
      element.hidden = matches === "shownUnless" in element.dataset;
    }
  };
  form.addEventListener("change", update);
  update();
}

// A decision renames the button that completes the task. One that sends work back issues no paper and leads to none
// of the steps that the page names.
export function followDecision(form) {
  const button = form.querySelector("[data-complete]");
  const radios = [...form.querySelectorAll("[data-decision]")];
  if (!button || !radios.length) return;
  const own = button.textContent;
  const update = () => {
    const chosen = radios.find((radio) => radio.checked);
    button.textContent = (chosen && word(`verb-${chosen.dataset.verb}`)) || own;
    const back = chosen?.dataset.verb === "kembalikan";
    document.querySelectorAll("[data-onward]").forEach((part) => (part.hidden = back));
    document.querySelectorAll("[data-backward]").forEach((part) => (part.hidden = !back));
  };
  form.addEventListener("change", update);
  update();
}

// Which of two readings of a number was meant: a button writes it into the field.
export function followReadings(form) {
  form.querySelectorAll("[data-fill]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = document.getElementById(button.dataset.fill);
      input.value = button.dataset.value;
      input.focus();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  });
}
