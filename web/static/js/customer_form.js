// The customer form: repeated phone rows, errors at their fields, and what to do when somebody else saved first.
import { api } from "./api.js";
import { setText, show } from "./dom.js";
import { problemText, tn, t } from "./l10n.js";

const form = document.getElementById("customer-form");
const list = (text) => text.split(/[,;\n]/).map((one) => one.trim()).filter(Boolean);
const READ = {
  name: (text) => text.trim(),
  company: (text) => text.trim() || null,
  emails: list,
  tags: list,
  external_id: (text) => text.trim() || null,
  kind: (text) => text,
  language: (text) => text || null,
  note: (text) => text,
};

function values() {
  const body = {};
  for (const [field, read] of Object.entries(READ)) {
    if (form.elements[field]) body[field] = read(form.elements[field].value);
  }
  const rows = form.querySelector("[data-phones]");
  if (rows) {
    body.phones = [...rows.querySelectorAll(".phone-row")]
      .map((row) => ({ number: row.querySelector("input").value.trim(), label: row.querySelector("select").value }))
      .filter((phone) => phone.number);
  }
  return body;
}

function showProblem(problem) {
  const box = form.querySelector("[data-error]");
  const conflict = problem.code === "version_conflict";
  for (const place of form.querySelectorAll("[data-for]")) show(place, false);
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  let first = null;
  for (const error of problem.errors ?? []) {
    const place = form.querySelector(`[data-for="${CSS.escape(error.field.split(".")[0])}"]`);
    if (!place) continue;
    setText(place, error.message);
    show(place, true);
    const field = place.parentElement.querySelector("input");
    field?.setAttribute("aria-invalid", "true");
    first ??= field;
  }
  setText(box.querySelector("[data-text]"), conflict ? t("Somebody else changed this customer while you were typing. Nothing was saved.") : problemText(problem));
  show(box.querySelector("[data-conflict]"), conflict);
  box.querySelector("[data-conflict] a").href = location.href;
  show(box, true);
  (first ?? box).focus?.();
  if (!first) box.scrollIntoView({ block: "nearest" });
}

async function save() {
  const { id, version, call } = form.dataset;
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const { data } = id ? await api("PATCH", `/customers/${id}`, values(), { ifMatch: version }) : await api("POST", "/customers", values());
    if (call) await api("PUT", `/calls/${call}/customer`, { customer_id: data.id }).catch(() => {}); // linking by number does it too
    if (data.linked_calls) sessionStorage.setItem("cti.toast", tn("%(num)s earlier call now belongs to this customer.", "%(num)s earlier calls now belong to this customer.", data.linked_calls));
    location.assign(`/customers/${data.id}`);
  } catch (problem) {
    button.disabled = false;
    showProblem(problem);
  }
}

export function startCustomerForm() {
  if (!form) return;
  const rows = form.querySelector("[data-phones]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-add-phone]")) {
      rows.append(document.getElementById("phone-row").content.cloneNode(true));
      rows.lastElementChild.querySelector("input").focus();
    }
    const remove = event.target.closest("[data-remove-phone]");
    if (!remove) return;
    const row = remove.closest(".phone-row");
    if (rows.childElementCount > 1) row.remove();
    else row.querySelector("input").value = "";
  });
  const empty = [...form.querySelectorAll("input")].find((field) => !field.value);
  (empty ?? form.querySelector("input"))?.focus();
}
