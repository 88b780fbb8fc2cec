// The docked calls: one card per call through ringing, talking, hold, wrap-up. Painted from the push frame alone.
import { show as setShown, setText } from "./dom.js";
import { person, t, word } from "./l10n.js";
import { link } from "./link.js";
import { PopView } from "./pop_view.js";
import { folded } from "./pop_folds.js";
import { rememberTitle, ringFor, stopRinging } from "./notify.js";
import { countFrom } from "./timers.js";

const place = document.getElementById("pops");
const strip = document.getElementById("call-strip");
const announceNow = document.getElementById("announce-now");
const announce = document.getElementById("announce");
const views = new Map();
let currentId = null;

const ORDER = { talking: 0, hold: 1, ringing: 2, wrap_up: 3, saved: 4 };

/** The call that shortcuts mean: where somebody types, else the one chosen, else the talk, what rings, the newest wrap-up. */
export function currentPop() {
  const open = [...views.values()].filter((view) => !view.leaving);
  const chosen = open.find((view) => view.focused) ?? open.find((view) => view.pop.pop_id === currentId);
  return chosen ?? openPop();
}

/** The call whose card is open without anybody asking: a talk before a ring before a wrap-up, the newest first. */
function openPop() {
  const open = [...views.values()].filter((view) => !view.leaving);
  return open.reverse().sort((one, other) => ORDER[one.pop.phase] - ORDER[other.pop.phase])[0] ?? null;
}

/** Make the next (or previous) call the one in hand. */
export function changeCall(step) {
  const all = [...views.keys()].filter((id) => !views.get(id).leaving);
  if (all.length < 2) return;
  const at = all.indexOf(currentPop().pop.pop_id);
  currentId = all[(at + step + all.length) % all.length];
  arrange();
  views.get(currentId).focus();
}

export function startPops() {
  place.addEventListener("focusout", () => setTimeout(arrange));
  link.on("snapshot", ({ gone }) => {
    gone.forEach((pop) => remove(pop.pop_id));
    link.state.pops.forEach((pop) => put(pop, false));
    for (const id of views.keys()) if (!link.state.pops.has(id)) remove(id);
  });
  link.on("pop", ({ pop, fresh }) => put(pop, fresh));
  link.on("retract", retracted);
}

function put(pop, fresh) {
  let view = views.get(pop.pop_id);
  const before = view?.pop;
  if (view && before.offer !== pop.offer) view.reoffered();
  if (!view) {
    view = new PopView(pop, { choose: () => pick(pop.pop_id), arrange });
    views.set(pop.pop_id, view);
    place.append(view.root);
  }
  view.update(pop);
  const begins = pop.phase === "talking" && before?.phase !== "talking";
  if (begins || (fresh && !inTalk())) currentId = pop.pop_id;
  arrange();
  if (pop.phase === "wrap_up" && before?.phase !== "wrap_up") dispatchEvent(new CustomEvent("cti:calls-changed"));
  if (!before || before.offer !== pop.offer) paintedSoon(pop);
  if (fresh && pop.phase === "ringing") ringFor(pop, view.spokenName());
  if (pop.phase !== "ringing") stopRinging(pop.pop_id);
  if (fresh) setText(announceNow, view.announcement());
  else if (before && before.phase !== pop.phase) setText(announce, t("%(phase)s: %(name)s", { phase: word("phase", pop.phase), name: view.spokenName() }));
}

function inTalk() {
  return views.has(currentId) && ["talking", "hold"].includes(views.get(currentId).pop.phase);
}

function pick(popId) {
  currentId = popId;
  arrange();
}

/** The receipt goes out when the card has really been drawn: a hidden tab draws nothing and sends nothing. */
function paintedSoon(pop) {
  requestAnimationFrame(() => requestAnimationFrame(() => link.send({ type: "painted", pop_id: pop.pop_id })));
}

function retracted({ pop, reason, by }) {
  const view = views.get(pop.pop_id);
  if (!view) return;
  remove(pop.pop_id);
  folded(pop, view, reason, by);
  const said = { answered_elsewhere: by ? t("Answered by %(agent)s", { agent: person(by) }) : t("Answered by a colleague"), caller_gave_up: t("Caller gave up") }[reason];
  if (said) setText(announce, said);
  dispatchEvent(new CustomEvent("cti:calls-changed"));
}

function remove(popId) {
  stopRinging(popId);
  views.get(popId)?.leave();
  views.get(popId)?.root.remove();
  views.delete(popId);
  if (currentId === popId) currentId = null;
  arrange();
}

/** One card open and first, the others one line each, but never the one somebody types in; strip and title follow. */
function arrange() {
  const current = views.has(currentId) && !views.get(currentId).leaving ? views.get(currentId) : openPop();
  for (const view of views.values()) {
    view.root.classList.toggle("current", view === current);
    view.fold(view !== current && !view.focused);
  }
  setShown(strip, current !== null);
  document.body.classList.toggle("in-call", current !== null);
  rememberTitle(current ? { name: current.spokenName(), phase: current.pop.phase, since: current.pop.since } : null);
  if (!current) return;
  strip.dataset.phase = current.pop.phase;
  setText(strip.querySelector("[data-phase-word]"), word("phase", current.pop.phase));
  strip.querySelector("[data-name]").replaceChildren(current.title());
  countFrom(strip.querySelector(".timer"), current.pop.since);
}

