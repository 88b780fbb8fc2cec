// Rows of tasks: the ones that are selected, else the one in hand, are completed, put off or handed over; every change can be undone.
import { api } from "./api.js";
import { setText, show } from "./dom.js";
import { fieldTime, isolated, momentText, person, presetTime, problemText, t, timeField, tn } from "./l10n.js";
import { toast } from "./toasts.js";

const me = document.body.dataset.user;
const bar = document.getElementById("bulk");
const snoozing = document.getElementById("snooze-dialog");
const handing = document.getElementById("hand-dialog");
const form = document.getElementById("snooze-form");
const GONE_MS = 1500;
const selected = new Set();
let inHand = [];

export const tasksChanged = () => dispatchEvent(new CustomEvent("cti:tasks-changed"));
const rows = () => [...document.querySelectorAll("[data-task][data-selectable]")];
const focusedRow = () => document.activeElement.closest?.("[data-task]") ?? null;

// --- selection ------------------------------------------------------------------------------------------------------------

/** What was selected stays so when the list is fetched again; what is not on it any more is not. */
function showSelection() {
  const present = new Set(rows().map((row) => row.dataset.task));
  for (const id of selected) if (!present.has(id)) selected.delete(id);
  for (const row of rows()) {
    row.toggleAttribute("data-selected", selected.has(row.dataset.task));
    row.querySelector("[data-select]").checked = selected.has(row.dataset.task);
  }
  if (!bar) return;
  show(bar, selected.size > 0);
  setText(bar.querySelector("[data-count]"), selected.size ? tn("%(num)s selected", "%(num)s selected", selected.size) : "");
}

/** Space: select the row in hand, or no more. */
export function toggleRow() {
  const row = document.activeElement;
  if (!row.matches?.("[data-selectable]")) return false;
  if (!selected.delete(row.dataset.task)) selected.add(row.dataset.task);
  showSelection();
  return true;
}

function ticked(box) {
  const { task } = box.closest("[data-task]").dataset;
  if (box.checked) selected.add(task);
  else selected.delete(task);
  showSelection();
}

/** A: all rows of the list, or none. */
export function toggleAll() {
  const all = rows().map((row) => row.dataset.task);
  if (!all.length) return false;
  if (all.every((id) => selected.has(id))) selected.clear();
  else all.forEach((id) => selected.add(id));
  showSelection();
  return true;
}

/** Esc: select nothing. False when nothing was selected. */
export function clearSelection() {
  const any = selected.size > 0;
  selected.clear();
  showSelection();
  return any;
}

/** The selected rows, else the one in hand. */
function chosen() {
  if (selected.size) return rows().filter((row) => selected.has(row.dataset.task));
  const row = focusedRow();
  return row ? [row] : [];
}

// --- changes ----------------------------------------------------------------------------------------------------------------

/** Change each row's task and offer to undo all of it. `said(count)` is the sentence about what happened. */
async function changeAll(targets, changeOf, said) {
  const done = [];
  let failed = null;
  for (const row of targets) {
    const { task, version, state, due, owner } = row.dataset;
    try {
      const { data } = await api("PATCH", `/tasks/${task}`, changeOf(row), { ifMatch: version });
      row.dataset.version = data.version;
      done.push({ task, version: data.version, before: { state, due_at: due || null, owner: owner || null } });
    } catch (problem) {
      failed = problem;
    }
  }
  if (failed) toast(problemText(failed));
  if (done.length) toast(said(done.length), { action: { label: t("Undo"), run: () => undo(done) } });
  selected.clear();
  showSelection();
  return done;
}

async function undo(done) {
  let failed = false;
  for (const { task, version, before } of done) {
    try {
      const { data } = await api("PATCH", `/tasks/${task}`, before, { ifMatch: version });
      const row = document.querySelector(`[data-task="${CSS.escape(task)}"]`);
      if (row) Object.assign(row.dataset, { version: data.version, state: data.state }); // until the list is fetched again
    } catch (problem) {
      failed = true;
      toast(problemText(problem));
    }
  }
  if (!failed) toast(t("Undone."));
  tasksChanged();
}

/** A call-back that I do not make now is free for the others. */
const withoutMyClaim = (row, change) => (row.querySelector(`[data-claimed-by="${CSS.escape(me)}"]`) ? { ...change, claimed_by: null } : change);

export async function complete(targets) {
  const open = targets.filter((row) => row.dataset.state !== "done");
  if (!open.length) {
    await changeAll(targets, () => ({ state: "open" }), (count) => tn("%(num)s task is open again.", "%(num)s tasks are open again.", count));
    return tasksChanged();
  }
  for (const row of open) row.querySelector("[data-complete]").setAttribute("aria-pressed", "true");
  const done = await changeAll(open, () => ({ state: "done" }), (count) => (count === 1 ? t("Task completed.") : tn("%(num)s task completed.", "%(num)s tasks completed.", count)));
  for (const row of open) row.dataset.state = done.some(({ task }) => task === row.dataset.task) ? "done" : row.dataset.state;
  setTimeout(tasksChanged, done.length ? GONE_MS : 0);
}

async function snooze(moment) {
  snoozing.close();
  const due = moment.toISOString();
  await changeAll(inHand, (row) => withoutMyClaim(row, { due_at: due }), (count) => tn("%(num)s task put off until %(time)s.", "%(num)s tasks put off until %(time)s.", count, { time: isolated(momentText(due)) }));
  tasksChanged();
}

async function handOver(name) {
  handing.close();
  const whom = name ? t("Handed over: %(agent)s", { agent: isolated(person(name)) }) : t("Handed over to the whole team");
  await changeAll(inHand, (row) => withoutMyClaim(row, { owner: name || null }), () => whom);
  tasksChanged();
}

/** X: complete what is selected. False when nothing is: then the row in hand is completed by its own button. */
export function completeSelected() {
  if (!selected.size) return false;
  complete(chosen());
  return true;
}

/** S: put off; a digit chooses until when. */
export function askSnooze() {
  inHand = chosen().filter((row) => row.dataset.state !== "done");
  if (!inHand.length) return false;
  show(form, false);
  snoozing.showModal();
  return true;
}

/** H: hand over; a digit chooses to whom. */
export function askHandOver() {
  inHand = chosen().filter((row) => row.dataset.state !== "done");
  if (!inHand.length) return false;
  handing.showModal();
  return true;
}

function choose(preset) {
  if (preset !== "date") return snooze(presetTime(preset));
  show(form, true);
  form.elements.due_at.value = timeField(presetTime("tomorrow"));
  return form.elements.due_at.focus();
}

const BULK = { done: completeSelected, snooze: askSnooze, hand: askHandOver, clear: clearSelection };

export function startTaskRows() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.bulk) BULK[button.dataset.bulk]();
    else if (button.dataset.snooze) choose(button.dataset.snooze);
    else if ("hand" in button.dataset) handOver(button.dataset.hand);
  });
  document.addEventListener("change", ({ target }) => "select" in target.dataset && ticked(target));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const moment = fieldTime(form.elements.due_at.value);
    if (moment) snooze(moment);
  });
  addEventListener("cti:refreshed", showSelection);
}
