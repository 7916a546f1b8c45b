// A line over the page that stays until its cause is gone.
export function bar(id, text, action) {
  document.getElementById(id)?.remove();
  if (!text) return;
  const element = document.createElement("div");
  element.id = id;
  element.className = "bar";
  element.setAttribute("role", "alert");
  element.append(text);
  if (action) element.append(action);
  document.querySelector("main").prepend(element);
}
