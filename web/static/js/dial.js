// Click-to-dial: choose the number, ask once, and say in a sentence what became of it.
import { api } from "./api.js";
import { controlsOn, el, icon, setText, tel, token } from "./dom.js";
import { problemText, t, word } from "./l10n.js";
import { link } from "./link.js";

const place = document.getElementById("dial-requests");
const chooser = document.getElementById("choose-number");
const shown = new Map();
const GOOD_FOR_MS = 6000;
let last = { number: null, at: 0, key: null };

/** Dial the only number, or ask which. With a task the call-back is taken in the same act. */
export function dial(phones, customerId = null, taskId = null) {
  if (!controlsOn || !phones.length) return;
  if (phones.length === 1) ask(phones[0], customerId, taskId);
  else choose(phones, customerId);
}

function choose(phones, customerId) {
  const list = chooser.querySelector("[data-list]");
  list.replaceChildren(...phones.slice(0, 9).map((phone, index) => el("li", {}, el("button", {
    type: "button", class: "button", "data-digit": index + 1,
    onclick: () => { chooser.close(); ask(phone, customerId); },
  }, el("kbd", {}, String(index + 1)), tel(phone.display), phone.label ? el("span", { class: "muted" }, word("phone_label", phone.label)) : null))));
  chooser.showModal();
  list.querySelector("button").focus();
}

/** A double click sends the same key: the server dials once. */
async function ask(phone, customerId, taskId = null) {
  const again = last.number === phone.number && Date.now() - last.at < 2000;
  last = { number: phone.number, at: Date.now(), key: again ? last.key : token() };
  const body = { to: phone.number, ...(customerId === null ? {} : { customer_id: Number(customerId) }), ...(taskId === null ? {} : { task_id: Number(taskId) }) };
  try {
    const { data } = await api("POST", "/calls", body, { idempotencyKey: last.key });
    if (!link.state.requests.has(data.id)) put({ number: phone.number, state: "dialing", ...data }, phone.display);
  } catch (problem) {
    last = { number: null, at: 0, key: null };
    put({ id: token(), number: phone.number, state: "refused", sentence: problemText(problem), final: true }, phone.display);
    if (taskId !== null) dispatchEvent(new CustomEvent("cti:tasks-changed"));
  }
}

const sentence = (request) => request.sentence ?? (word("dial", request.code) !== String(request.code).replaceAll("_", " ") ? word("dial", request.code) : word("dial", request.state));
const tone = (request) => ({ talking: "ok", answered: "ok" }[request.state] ?? (request.final ? "bad" : ""));

function put(request, display = null) {
  let box = shown.get(request.id);
  if (!box) {
    box = el("div", { class: "request", "data-request": request.id }, icon("phone-outgoing"), el("p", {}, el("strong", {}, tel(display ?? request.to ?? request.number)), " ", el("span", { "data-sentence": true })),
      el("button", { type: "button", class: "button quiet small icon-only", "aria-label": t("Close"), onclick: () => forget(request.id) }, icon("x")));
    shown.set(request.id, box);
    place.prepend(box);
  }
  box.dataset.tone = tone(request);
  box.dataset.state = request.state;
  setText(box.querySelector("[data-sentence]"), sentence(request));
  if (request.state === "talking" || request.state === "answered") setTimeout(() => forget(request.id), GOOD_FOR_MS);
}

function forget(id) {
  shown.get(id)?.remove();
  shown.delete(id);
}

/** A number that another program handed over is put into the field: opening a page never dials. */
function takeHandedOver(field) {
  const url = new URL(location.href);
  const given = url.searchParams.get("dial");
  if (given === null) return;
  url.searchParams.delete("dial");
  history.replaceState(history.state, "", url);
  if (!field) return;
  field.value = given.replace(/^tel:/i, "").split(";")[0].replace(/[^0-9+*# ().\/-]/g, "").slice(0, 40);
  field.focus();
}

/** Browsers let only a page of a secure connection open `tel:` links, and ask the user first. */
function offerTelLinks(form) {
  const button = document.getElementById("take-tel");
  if (!form || !isSecureContext || !navigator.registerProtocolHandler) return;
  button.hidden = false;
  button.addEventListener("click", () => navigator.registerProtocolHandler("tel", `${location.origin}/?dial=%s`));
}

export function startDial() {
  link.on("snapshot", () => link.state.requests.forEach((request) => put(request)));
  link.on("request", ({ request }) => put(request));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dial]");
    if (button) dial(JSON.parse(button.dataset.dial), button.dataset.customer ?? null, button.dataset.dialTask ?? null);
  });
  const form = document.getElementById("dial-form");
  takeHandedOver(form?.elements.to);
  offerTelLinks(form);
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.to;
    ask({ number: field.value.trim(), display: field.value.trim(), label: "" }, null);
    field.select();
  });
}

