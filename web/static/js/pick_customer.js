// Find a known customer for a call: by name, company or any part of a number.
import { api } from "./api.js";
import { el, name, tel } from "./dom.js";
import { problemText, t } from "./l10n.js";

const dialog = document.getElementById("pick-customer");
const field = document.getElementById("pick-search");
const list = dialog.querySelector("[data-list]");
let chosen = () => {};
let timer = null;
let asked = 0;

/** Open the search; `then` gets the customer. */
export function pickCustomer(then) {
  chosen = then;
  list.replaceChildren();
  field.value = "";
  dialog.showModal();
  field.focus();
}

field.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, 200);
});

async function search() {
  const text = field.value.trim();
  const mine = (asked += 1);
  if (!text) return list.replaceChildren();
  try {
    const { data } = await api("GET", `/customers?${new URLSearchParams({ search: text, limit: 9 })}`);
    if (mine !== asked) return null;
    const rows = data.items.map((customer, index) => row(customer, index));
    list.replaceChildren(...(rows.length ? rows : [el("li", { class: "muted" }, t("No customer found"))]));
  } catch (problem) {
    list.replaceChildren(el("li", { class: "field-error" }, problemText(problem)));
  }
  return null;
}

function row(customer, index) {
  const phone = customer.phones?.[0];
  const second = el("small", {}, customer.company ? name(customer.company) : null, customer.company && phone ? " · " : null, phone ? tel(phone.display) : null);
  return el("li", {}, el("button", { type: "button", class: "button", "data-digit": index + 1, onclick: () => { dialog.close(); chosen(customer); } },
    el("kbd", {}, String(index + 1)), el("span", { class: "who" }, name(customer.display_name || customer.name || customer.company || t("Customer without name")), second)));
}
