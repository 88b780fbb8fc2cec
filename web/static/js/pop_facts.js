// The lines of a pop's card: names, badges, what was agreed, what happened last.
import { el, icon, name, tel } from "./dom.js";
import { dayText, isToday, languageName, momentText, parts, person, t, taskTitle, timeText, word } from "./l10n.js";
import { link } from "./link.js";

/** Never empty while anything is known of the customer. */
export function nameOf(card) {
  return card.display_name || card.name || card.company || card.phones?.[0]?.display || t("Customer without name");
}

/** Which of our lines was called. */
export function lineCalled(call) {
  if (call.direction !== "inbound" || !(call.did || call.did_label)) return [];
  return parts("called %(line)s", { line: call.did_label ? name(call.did_label) : tel(call.did_display ?? call.did) });
}

/** Tags, language, how often lately, who passed the call on. */
export function badgesOf(card, call) {
  const badges = (card?.tags ?? []).slice(0, 6).map((tag) => el("span", { class: "badge info" }, name(tag)));
  if (card?.language) badges.push(el("span", { class: "badge" }, t("speaks: %(language)s", { language: languageName(card.language) })));
  if (card?.calls_7d > 1) badges.push(el("span", { class: "badge warn" }, t("calls in 7 days: %(count)s", { count: card.calls_7d })));
  if (call.transferred_by) badges.push(el("span", { class: "badge" }, ...parts("transferred by %(agent)s", { agent: name(person(call.transferred_by)) })));
  return badges;
}

/** One of several possible customers, with the digit that chooses it. */
export function choiceRow(card, index) {
  const company = card.company && card.company !== nameOf(card) ? card.company : null;
  const more = [company, ...(card.tags ?? []).slice(0, 2)].filter(Boolean).join(" · ");
  const due = (card.open_tasks ?? []).length ? el("span", { class: "badge warn" }, icon("list-check"), String(card.open_tasks.length)) : null;
  return el("li", {}, el("button", { type: "button", class: "button", "data-choice": index },
    el("kbd", {}, String(index + 1)), el("span", { class: "who" }, name(nameOf(card)), more ? el("small", {}, name(more)) : null), due));
}

/** Open tasks (what is due today first in colour), the last activities, the note about the customer. */
export function factsOf(card) {
  const lines = [...(card?.open_tasks ?? []).map(taskLine), ...(card?.last_activities ?? []).map(activityLine)];
  if (card?.note) lines.push(line("note", "", [name(card.note)]));
  return lines;
}

const line = (picture, kind, children) => el("li", { class: kind }, icon(picture), el("span", {}, ...children));
const joined = (pieces) => pieces.filter(Boolean).flatMap((piece, index) => (index ? [" · ", piece] : [piece]));

function taskLine(task) {
  const due = task.due_at && (Date.parse(task.due_at) < link.now() || isToday(task.due_at));
  const when = task.due_at ? el("time", { datetime: task.due_at }, momentText(task.due_at)) : null;
  return line(due ? "flag" : "list-check", due ? "due" : "", joined([name(taskTitle(task)), when]));
}

function activityLine(activity) {
  const picture = activity.kind === "call" ? { inbound: "phone-incoming", outbound: "phone-outgoing" }[activity.direction] ?? "phone" : "history";
  const when = el("time", { datetime: activity.at, title: momentText(activity.at) }, isToday(activity.at) ? timeText(activity.at) : dayText(activity.at));
  return line(picture, "", joined([when, activity.agent ? name(person(activity.agent)) : null, howItEnded(activity), activity.text ? name(activity.text) : null]));
}

function howItEnded(activity) {
  if (activity.disposition) return word("disposition", activity.disposition);
  if (activity.kind !== "call") return word("activity_kind", activity.kind);
  return activity.outcome && activity.outcome !== "answered" ? word("outcome", activity.outcome) : null;
}
