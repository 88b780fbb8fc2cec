// Tasks: complete, take, create; notes on a customer; the note of a finished call.
import { api } from "./api.js";
import { setText, show } from "./dom.js";
import { fieldTime, presetTime, problemText, t, timeField } from "./l10n.js";
import { LineCapture } from "./line_capture.js";
import { NoteSaver } from "./note_saver.js";
import { pickCustomer } from "./pick_customer.js";
import { complete, tasksChanged } from "./task_rows.js";
import { toast } from "./toasts.js";

const dialog = document.getElementById("task-dialog");
const form = document.getElementById("task-form");
const me = document.body.dataset.user;
let callId = null;

async function patch(row, change, done) {
  try {
    const { data } = await api("PATCH", `/tasks/${row.dataset.task}`, change, { ifMatch: row.dataset.version });
    row.dataset.version = data.version;
    row.dataset.state = data.state;
    done(data);
  } catch (problem) {
    toast(problemText(problem));
    tasksChanged();
  }
}

function take(row) {
  patch(row, { claimed_by: me }, () => {
    toast(t("The call-back is yours."));
    tasksChanged();
  });
}

function giveBack(row) {
  patch(row, { claimed_by: null }, tasksChanged);
}

function openForm({ customer = "", call = null } = {}) {
  form.reset();
  show(form.querySelector("[data-error]"), false);
  form.elements.customer_id.value = customer;
  callId = call;
  presetChosen("tomorrow");
  dialog.showModal();
  form.elements.title.focus();
}

function presetChosen(code) {
  form.elements.due_at.value = timeField(presetTime(code));
  markPreset(code);
}

function markPreset(code) {
  for (const button of form.querySelectorAll("[data-due]")) button.setAttribute("aria-pressed", String(button.dataset.due === code));
}

async function create() {
  const error = form.querySelector("[data-error]");
  const title = form.elements.title.value.trim();
  if (!title) {
    setText(error, t("Say what is to be done."));
    show(error, true);
    form.elements.title.focus();
    return;
  }
  const due = fieldTime(form.elements.due_at.value);
  const body = { title: title.slice(0, 200), kind: "todo", due_at: due?.toISOString() ?? null };
  const customer = form.elements.customer_id.value;
  try {
    if (callId) await api("POST", `/calls/${callId}/tasks`, body);
    else await api("POST", "/tasks", { ...body, owner: me, ...(customer ? { customer_id: Number(customer) } : {}) });
    dialog.close();
    toast(t("Task created."));
    if (customer && !document.querySelector("[data-refresh=tasks]")) location.reload();
    else tasksChanged();
  } catch (problem) {
    setText(error, problem.errors?.[0]?.message ?? problemText(problem));
    show(error, true);
  }
}

async function addNote(noteForm) {
  const field = noteForm.elements.text;
  const text = field.value.trim();
  if (!text) return;
  try {
    await api("POST", "/activities", { kind: "note", text, customer_id: Number(noteForm.dataset.addNote) });
    field.value = "";
    if (document.querySelector("[data-home]")) dispatchEvent(new CustomEvent("cti:open-customer", { detail: { id: noteForm.dataset.addNote, asked: true } }));
    else location.reload();
  } catch (problem) {
    toast(problemText(problem));
  }
}

function editCall(editor) {
  const id = editor.dataset.callEditor;
  const area = editor.querySelector("textarea");
  const saver = new NoteSaver(id, editor, { text: area.value, version: Number(editor.dataset.noteVersion) });
  const outcomes = [...editor.querySelectorAll("[data-disposition]")];
  const chosen = () => outcomes.find((one) => one.getAttribute("aria-pressed") === "true")?.dataset.disposition ?? null;
  const choose = (code) => outcomes.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.disposition === code)));
  new LineCapture(id, editor, saver, { chosenOutcome: chosen, saved: ({ note }) => choose(note.disposition) });
  editor.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-disposition]");
    if (!button) return;
    const code = chosen() === button.dataset.disposition ? null : button.dataset.disposition;
    try {
      await saver.flush();
      const { data } = await api("PUT", `/calls/${id}/disposition`, { code });
      saver.remote(data.text, data.version);
      choose(code);
    } catch (problem) {
      toast(problemText(problem));
    }
  });
}

async function linkCustomer(id, customer) {
  try {
    await api("PUT", `/calls/${id}/customer`, { customer_id: customer.id });
    location.reload();
  } catch (problem) {
    toast(problemText(problem));
  }
}

export function startTasks() {
  document.querySelectorAll("[data-call-editor]").forEach(editCall);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const row = button.closest("[data-task]");
    if (row && "complete" in button.dataset) complete([row]);
    else if (row && "claim" in button.dataset) take(row);
    else if (row && "release" in button.dataset) giveBack(row);
    else if ("newTask" in button.dataset) openForm({ customer: button.dataset.customer ?? "", call: button.dataset.call ?? null });
    else if (button.dataset.due && form.contains(button)) presetChosen(button.dataset.due);
    else if (button.dataset.pickCustomer) pickCustomer((customer) => linkCustomer(button.dataset.pickCustomer, customer));
  });
  form.elements.due_at.addEventListener("input", () => markPreset(null));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    create();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-add-note]")) return;
    event.preventDefault();
    addNote(event.target);
  });
}
