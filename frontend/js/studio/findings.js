// What the server finds in the draft, live: after every change it is asked once the hands rest, and an answer that came
// too late is not waited for. A click selects the element and shows it.
import { h } from "../elements.js";
import { ask, bench, icon, say } from "./page.js";

export class Findings {
  constructor({ show, mend, adopt }) {
    Object.assign(this, { show, mend, adopt, found: [], asking: null });
    this.list = document.getElementById("daftar-temuan");
    this.summary = document.getElementById("ringkasan");
  }

  async ask(changes) {
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const slow = setTimeout(() => this.sum("checking", "muted"), 300);
    const { over, told } = await ask(bench.checkUrl, { dasar: bench.base, berkas: changes }, asking.signal);
    clearTimeout(slow);
    if (over === "aborted") return null;
    if (told?.findings) {
      this.found = told.findings;
      this.draw();
      return this.found;
    }
    this.sum(["ended", "barred"].includes(over) ? over : "unchecked", "warned");
    return null;
  }

  sum(key, kind, facts) {
    this.summary.textContent = say(key, facts);
    this.summary.className = kind;
  }

  draw() {
    const errors = this.found.filter((each) => each.severity === "error").length;
    if (this.found.length)
      this.sum("summary", errors ? "bad" : "warned", { errors, warnings: this.found.length - errors });
    else this.sum("none", "fine");
    const ordered = [...this.found].sort((a, b) => (a.severity === "error" ? 0 : 1) - (b.severity === "error" ? 0 : 1));
    const focused = [...this.list.querySelectorAll("button")].indexOf(document.activeElement);
    this.list.replaceChildren(...ordered.map((each) => this.line(each)));
    if (focused >= 0) (this.list.querySelectorAll("button")[focused] ?? document.getElementById("temuan")).focus();
  }

  line(finding) {
    const where = [
      finding.element_id,
      finding.file.split("/").pop(),
      finding.line && say("line", { line: finding.line }),
    ]
      .filter(Boolean)
      .join(" · ");
    return h(
      "li",
      { class: `finding finding-${finding.severity}` },
      h(
        "button",
        { type: "button", class: "finding-show", onclick: () => this.show(finding) },
        icon(finding.severity),
        h(
          "span",
          {},
          h("strong", { class: "finding-kind" }, `${say(finding.severity)}: `),
          h("span", {}, finding.message),
          " ",
          h("span", { class: "muted" }, finding.mend),
          h("span", { class: "finding-where" }, where),
        ),
      ),
      finding.rule === "form_missing" &&
        this.mend &&
        h("button", { type: "button", class: "btn btn-sm", onclick: () => this.mend(finding) }, say("mendForm")),
      finding.rule === "process_id" && this.adopt?.(),
    );
  }
}
