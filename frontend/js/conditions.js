// Fields that appear after their cause: data-show-when holds [{"path": ..., "values": [...]}]; without scripts all are visible.
const valuesOf = (form, path) =>
  [...form.querySelectorAll(`[name="${CSS.escape(path)}"]`)]
    .filter((input) => (input.type === "checkbox" || input.type === "radio" ? input.checked : true))
    .map((input) => input.value);

const holds = (form, condition) => {
  const found = valuesOf(form, condition.path);
  return condition.values.some((value) => found.includes(value)) !== Boolean(condition.not);
};

export function followConditions(form) {
  const dependent = [...form.querySelectorAll("[data-show-when]")];
  if (!dependent.length) return;
  const update = () => {
    for (const element of dependent) {
      const shown = JSON.parse(element.dataset.showWhen).every((condition) => holds(form, condition));
      element.hidden = !shown;
      element.querySelectorAll("[data-when-hint]").forEach((hint) => (hint.hidden = true));
    }
  };
  form.addEventListener("change", update);
  update();
}

// A decision renames the button that completes the task.
export function followDecision(form) {
  const button = form.querySelector("[data-complete]");
  const radios = [...form.querySelectorAll("[data-button-word]")];
  if (!button || !radios.length) return;
  const own = button.textContent;
  const update = () => {
    const chosen = radios.find((radio) => radio.checked);
    button.textContent = chosen ? chosen.dataset.buttonWord : own;
  };
  form.addEventListener("change", update);
  update();
}
