// What stays of a call that left the screen: one line, with a call-back where nobody answered.
import { dial } from "./dial.js";
import { controlsOn, el, icon, name } from "./dom.js";
import { parts, person, t } from "./l10n.js";

const place = document.getElementById("folds");
const GONE_AFTER_MS = 12000;
const MOST = 5;

/** Fold a retracted call. Dismissed, saved and transferred calls leave no line. */
export function folded(pop, view, reason, by) {
  const title = view.title();
  const lines = {
    answered_elsewhere: () => (by ? parts("%(agent)s answered: %(name)s", { agent: name(person(by)), name: title }) : parts("A colleague answered: %(name)s", { name: title })),
    caller_gave_up: () => parts("Caller gave up: %(name)s", { name: title }),
    no_answer: () => parts("Missed: %(name)s", { name: title }),
    rejected: () => parts("Declined: %(name)s", { name: title }),
    unavailable: () => parts("No longer ringing: %(name)s", { name: title }),
  };
  if (!(reason in lines) || pop.match === "internal") return;
  const missed = reason === "no_answer" || reason === "caller_gave_up";
  const line = el("div", { class: missed ? "fold-line missed" : "fold-line", "data-reason": reason },
    icon(missed ? "phone-x" : "phone-off"), el("span", {}, ...lines[reason]()));
  const phones = view.phones();
  if (missed && controlsOn && phones.length) {
    line.append(el("button", { type: "button", class: "button small", "data-call-back": true, onclick: () => dial(phones, view.customer?.id ?? null) }, icon("phone"), t("Call back")));
  }
  line.append(el("button", { type: "button", class: "button quiet small icon-only", "aria-label": t("Close"), onclick: () => line.remove() }, icon("x")));
  place.prepend(line);
  while (place.childElementCount > MOST) place.lastElementChild.remove();
  if (!missed) setTimeout(() => line.remove(), GONE_AFTER_MS);
}
