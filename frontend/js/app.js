// What pages do beyond their HTML. Everything works without it; nothing here decides anything that the server does not
// decide again.
import { bar } from "./bar.js";
import { watchBell } from "./bell.js";
import { followConditions, followDecision, followReadings } from "./conditions.js";
import { askOnSignOut, forgetWhatArrived, keepTyped, listStudioDrafts, saveDrafts } from "./drafts.js";
import { echo } from "./echo.js";
import { checkFiles } from "./files.js";
import { listKeys } from "./lists.js";
import { watchHelp } from "./help.js";
import { watchSession } from "./session.js";
import { word } from "./words.js";

const all = (selector, act) => document.querySelectorAll(selector).forEach(act);

all("form", (form) => {
  followConditions(form);
  followDecision(form);
  followReadings(form);
  echo(form);
  checkFiles(form);
  saveDrafts(form);
  keepTyped(form);
});
all("[data-list]", listKeys);
forgetWhatArrived();
askOnSignOut();
listStudioDrafts();
watchHelp();

// A link to something folded opens it.
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) target.open = true;
};
unfold();
addEventListener("hashchange", unfold);

// A form is sent once: the button stays, disabled, with its own word. A double post would be harmless all the same.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || event.defaultPrevented || button.formTarget === "_blank") return; // a preview leaves the form as it is
  if ("download" in event.target.dataset) return; // a file comes, and the page stays
  setTimeout(() => {
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
  });
});
addEventListener("pageshow", () =>
  all("button[aria-busy]", (button) => {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }),
);

// After an error the summary has the focus; F8 goes from error to error; Ctrl+Enter goes to the main button without
// pressing it.
document.querySelector(".error-summary, [data-error-summary]")?.focus();
let place = -1;
document.addEventListener("keydown", (event) => {
  if (event.key === "F8") {
    const wrong = [...document.querySelectorAll('[aria-invalid="true"]')];
    if (!wrong.length) return;
    event.preventDefault();
    place = (place + (event.shiftKey ? wrong.length - 1 : 1)) % wrong.length;
    wrong[place].dispatchEvent(new Event("alur:reveal", { bubbles: true }));
    wrong[place].focus();
  }
  const search = document.querySelector("[data-search]");
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && search?.offsetParent) {
    event.preventDefault();
    search.select();
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter")
    [...document.querySelectorAll("main .btn-primary")].find((button) => button.offsetParent)?.focus();
});

all("[data-show-password]", (button) => {
  const input = document.getElementById(button.dataset.showPassword);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.textContent = shown ? button.dataset.show : button.dataset.hide;
  });
});
all("[data-caps-hint]", (input) =>
  input.addEventListener("keyup", (event) => {
    document.getElementById(input.dataset.capsHint).hidden = !event.getModifierState?.("CapsLock");
  }),
);
all("[data-copy]", (button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = button.dataset.copied;
  });
});

// Long texts are as high as what they hold.
all("textarea", (area) => {
  const grow = () => {
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + area.offsetHeight - area.clientHeight}px`;
  };
  area.addEventListener("input", grow);
  if (area.scrollHeight > area.clientHeight) grow();
});

// Paper cannot be unfolded: what is folded is printed open, but for the details of a ledger's lines, which are pages of
// each.
addEventListener("beforeprint", () =>
  all("main details:not([open], .ledger details)", (fold) => {
    fold.removeAttribute("name"); // of those of one name only one would stay open
    fold.open = true;
    fold.dataset.folded = "";
  }),
);
addEventListener("afterprint", () =>
  all("[data-folded]", (fold) => {
    fold.open = false;
    delete fold.dataset.folded;
  }),
);

addEventListener("offline", () => bar("bar-offline", word("offline")));
addEventListener("online", () => bar("bar-offline", ""));
watchSession();
watchBell();
