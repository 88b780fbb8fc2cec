// One call's card: clones the server's skeleton and fills it from the push data.
import { api } from "./api.js";
import { dial } from "./dial.js";
import { controlsOn, el, icon, name, setIcon, setText, show, tel } from "./dom.js";
import { sendEffort } from "./effort.js";
import { duration, momentText, parts, presetTime, problemText, t, word } from "./l10n.js";
import { keepTrying } from "./keep_trying.js";
import { LineCapture } from "./line_capture.js";
import { link } from "./link.js";
import { NoteSaver } from "./note_saver.js";
import { pickCustomer } from "./pick_customer.js";
import { badgesOf, choiceRow, factsOf, lineCalled, nameOf } from "./pop_facts.js";
import { countFrom } from "./timers.js";
import { toast } from "./toasts.js";

const template = document.getElementById("pop-template");
const PHASE_ICONS = { ringing: "bell-ringing", talking: "phone-call", hold: "phone-pause", wrap_up: "pencil", saved: "circle-check" };
const HANG_UP_GUARD_MS = 1000;
const LONG_NAME = 60;

const path = (pop) => `/calls/${encodeURIComponent(pop.call.id)}`;

export class PopView {
  pop;
  root;
  #slots = {};
  #note;
  #lines;
  #chosen = null; // a customer chosen or created here, until the server's push says the same
  #seenMatch = null;
  #disposition = null;
  #hungUpAt = 0;
  #finishing = false;
  #typedNew = false; // somebody typed into the new customer's form
  #arrange;

  constructor(pop, { choose, arrange }) {
    this.pop = pop;
    this.root = template.content.firstElementChild.cloneNode(true);
    for (const slot of this.root.querySelectorAll("[data-slot]")) this.#slots[slot.dataset.slot] = slot;
    this.root.id = `pop-${pop.pop_id}`;
    const area = this.root.querySelector("textarea");
    area.id = `note-${pop.pop_id}`;
    this.#slots["note-label"].htmlFor = area.id;
    this.#note = new NoteSaver(pop.call.id, this.root, { text: pop.call.note, version: pop.call.note_version });
    this.#lines = new LineCapture(pop.call.id, this.root, this.#note, { chosenOutcome: () => this.#disposition, saved: (answer) => this.#captured(answer) });
    this.#disposition = pop.call.disposition ?? null;
    if (pop.call.note_truncated) this.#loadLongNote();
    this.#arrange = arrange;
    this.#listen(choose);
  }

  /** Somebody is in one of its fields. */
  get focused() {
    return this.root !== document.activeElement && this.root.contains(document.activeElement) && document.activeElement.matches("input, textarea");
  }

  /** Saved, and only waiting for a possible undo: no longer the call in hand. */
  get leaving() {
    return this.#finishing;
  }

  // --- what it shows ----------------------------------------------------------------------------------------------

  update(pop) {
    this.pop = pop;
    const { call, phase } = pop;
    if (call.note_version !== undefined && !call.note_truncated) this.#note.remote(call.note, call.note_version);
    if (!this.#finishing) this.#disposition = call.disposition ?? null;
    this.root.dataset.phase = phase;
    this.root.classList.toggle("strip-internal", pop.match === "internal");
    setIcon(this.root.querySelector(".pop-head"), PHASE_ICONS[phase] ?? "phone-call");
    setText(this.#slots.phase, phase === "ringing" && call.direction === "outbound" ? t("Calling") : word("phase", phase));
    show(this.#slots.queue, Boolean(call.queue));
    this.#slots.queue.replaceChildren(name(call.queue_label ?? call.queue));
    show(this.#slots.waited, phase === "ringing" && call.wait_s >= 1);
    setText(this.#slots.waited, t("waited %(time)s", { time: duration(call.wait_s ?? 0) }));
    countFrom(this.#slots.timer, pop.since);
    this.root.setAttribute("aria-label", this.announcement());
    this.#showWho();
    this.#showChoice();
    this.#showFacts();
    this.#showActions();
    for (const button of this.root.querySelectorAll("[data-disposition]")) {
      button.setAttribute("aria-pressed", String(button.dataset.disposition === this.#disposition));
    }
    setText(this.#slots["finish-text"], phase === "wrap_up" ? t("Save and finish") : t("Save"));
  }

  /** The customer this call belongs to, as far as it is certain. */
  get customer() {
    if (this.#chosen) return this.#chosen;
    return this.pop.match === "one" ? this.pop.customers[0] ?? null : null;
  }

  /** The name as text, for title, notification and screen readers. */
  spokenName() {
    const { remote } = this.pop.call;
    if (this.customer) return nameOf(this.customer);
    return remote?.name || remote?.display || (remote?.kind === "withheld" ? t("Number withheld") : t("Number unknown"));
  }

  /** The name as an element: a number stays left to right. */
  title() {
    const { remote } = this.pop.call;
    if (this.customer) return name(nameOf(this.customer));
    if (remote?.name) return name(remote.name);
    return remote?.display ? tel(remote.display) : name(this.spokenName());
  }

  announcement() {
    const { call, customers } = this.pop;
    const who = [this.spokenName(), ...(this.customer?.tags ?? customers?.[0]?.tags ?? []).slice(0, 2), call.queue_label ?? call.queue].filter(Boolean).join(", ");
    if (call.direction === "outbound") return t("Outgoing call: %(who)s", { who });
    return call.direction === "internal" ? t("Call from a colleague: %(who)s", { who }) : t("Incoming call: %(who)s", { who });
  }

  #showWho() {
    const { call } = this.pop;
    const card = this.customer;
    const remote = call.remote ?? {};
    const heading = this.title();
    this.#slots.name.replaceChildren(heading);
    this.#slots.name.classList.toggle("long", heading.textContent.length > LONG_NAME);
    const sub = [];
    if (card?.company && card.company !== heading.textContent) sub.push(name(card.company));
    if (card && card.kind && card.kind !== "customer") sub.push(word("party_kind", card.kind));
    if (call.direction === "internal") sub.push(t("Colleague"));
    this.#fill("sub", sub.flatMap((piece, index) => (index ? [" · ", piece] : [piece])));
    this.#fill("number", remote.display && heading.textContent !== remote.display ? [tel(remote.display)] : []);
    this.#fill("did", lineCalled(call));
    this.#fill("badges", badgesOf(card, call));
  }

  #fill(slot, children) {
    this.#slots[slot].replaceChildren(...children);
    show(this.#slots[slot], children.length > 0);
  }

  #showChoice() {
    const { match, reason, customers, call } = this.pop;
    const open = !this.customer && match !== "internal";
    show(this.#slots.choose, open && customers.length > 0);
    show(this.#slots.new, open && match === "none");
    const link_ = this.#slots.find;
    link_.href = `/calls/${call.id}`;
    const key = JSON.stringify([match, customers.map((card) => card.id)]);
    if (key === this.#seenMatch) return;
    this.#seenMatch = key;
    setText(this.#slots["choose-title"], reason === "suffix" ? t("Maybe one of these:") : t("Who is it?"));
    this.#slots.chooser.replaceChildren(...customers.slice(0, 9).map((card, index) => choiceRow(card, index)));
    if (match === "none") this.#prefill();
  }

  #prefill() {
    const { remote } = this.pop.call;
    const form = this.#slots.new;
    if (!form.elements.number.value) form.elements.number.value = remote?.display ?? remote?.number ?? "";
    if (!form.elements.name.value && remote?.name) form.elements.name.value = remote.name;
  }

  #showFacts() {
    this.#fill("facts", factsOf(this.customer));
  }

  #showActions() {
    const { phase, match, call } = this.pop;
    const card = this.customer;
    const strip = match === "internal";
    const cardLink = this.root.querySelector("[data-open-card]");
    show(cardLink, Boolean(card));
    if (card) cardLink.href = `/customers/${card.id}`;
    const callable = controlsOn && phase === "wrap_up" && this.phones().length > 0;
    show(this.root.querySelector("[data-call]"), callable);
    const mine = phase === "talking" || phase === "hold" || (phase === "ringing" && call.direction === "outbound");
    show(this.root.querySelector("[data-hang-up]"), controlsOn && mine);
    for (const part of [".pop-note", ".outcomes", ".pop-foot"]) show(this.root.querySelector(part), !strip || call.note !== null);
  }

  // --- what it does -----------------------------------------------------------------------------------------------

  #listen(choose) {
    this.root.addEventListener("focusin", choose);
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("button, [data-open-card]");
      if (!button) return;
      const data = button.dataset;
      if ("dismiss" in data) this.dismiss();
      else if ("unfold" in data) this.focus();
      else if ("disposition" in data) this.outcome(data.disposition);
      else if ("finish" in data) this.finish();
      else if ("task" in data) this.openTask();
      else if ("due" in data) this.createTask(data.due);
      else if ("choice" in data) this.choose(Number(data.choice));
      else if ("call" in data) this.call();
      else if ("hangUp" in data) this.hangUp();
      else if ("openCard" in data && document.querySelector("[data-home]") && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        this.openCard();
      }
    });
    this.#slots.new.addEventListener("input", () => {
      this.#typedNew = true;
    });
    this.#slots.new.addEventListener("submit", (event) => {
      event.preventDefault();
      this.createCustomer();
    });
    this.#slots.find.addEventListener("click", (event) => {
      event.preventDefault();
      pickCustomer((card) => this.setCustomer(card));
    });
    this.#slots.task.addEventListener("submit", (event) => {
      event.preventDefault();
      this.createTask("tomorrow");
    });
  }

  /** The note; for an unknown caller first the name, then the note. */
  focusNote() {
    const form = this.#slots.new;
    const nameFirst = !form.hidden && !this.#typedNew && !form.contains(document.activeElement);
    (nameFirst ? form.elements.name : this.root.querySelector("textarea")).focus();
  }

  focus() {
    this.root.focus();
    this.root.scrollIntoView({ block: "nearest" });
  }

  fold(folded) {
    this.root.classList.toggle("folded", folded);
    const opener = this.root.querySelector("[data-unfold]");
    show(opener, folded);
    show(this.root.querySelector(".pop-line"), !folded);
    if (folded) opener.replaceChildren(`${word("phase", this.pop.phase)} · `, this.title());
  }

  /** Digits choose a customer or a due time, whatever is open. */
  digit(number) {
    if (this.#slots.task.contains(document.activeElement) && !document.activeElement.matches("input")) {
      const preset = this.#slots.task.querySelectorAll("[data-due]")[number - 1];
      if (preset) this.createTask(preset.dataset.due);
      return Boolean(preset);
    }
    if (this.#slots.choose.hidden || number > this.pop.customers.length) return false;
    this.choose(number - 1);
    return true;
  }

  choose(index) {
    const card = this.pop.customers[index];
    if (card) this.setCustomer(card);
  }

  async setCustomer(card) {
    this.#chosen = card;
    this.update(this.pop);
    await keepTrying(() => api("PUT", `${path(this.pop)}/customer`, { customer_id: card.id }));
  }

  async createCustomer() {
    const form = this.#slots.new;
    const error = form.querySelector("[data-error]");
    const value = (field) => form.elements[field].value.trim();
    if (!value("name") && !value("company")) {
      this.#sayError(error, t("A name or a company is needed."));
      form.elements.name.focus();
      return null;
    }
    try {
      const phones = value("number") ? [{ number: value("number"), label: "other" }] : [];
      const { data } = await api("POST", "/customers", { name: value("name"), company: value("company") || null, phones });
      show(error, false);
      await this.setCustomer({ ...data, last_activities: [], open_tasks: [] });
      toast(t("Customer created."));
      return data;
    } catch (problem) {
      this.#sayError(error, problem.errors?.[0]?.message ?? problemText(problem));
      return null;
    }
  }

  openCard() {
    if (this.customer) dispatchEvent(new CustomEvent("cti:open-customer", { detail: { id: this.customer.id, asked: true } }));
  }

  /** A line of the note was made into more: the outcome shows at once. */
  #captured({ note }) {
    if (!this.#finishing && note.disposition !== undefined) this.update({ ...this.pop, call: { ...this.pop.call, disposition: note.disposition } });
  }

  async outcome(code) {
    if (this.#finishing) return;
    const lastWord = this.pop.phase === "wrap_up"; // not when the talk ends while the choice is on its way
    if (lastWord && !(await this.#lines.take(["outcome"]))) return;
    const taken = this.#disposition === code && !lastWord ? null : code;
    const before = this.#disposition;
    this.#disposition = taken;
    this.update({ ...this.pop, call: { ...this.pop.call, disposition: taken } });
    const saved = await this.#putOutcome(taken);
    if (saved && lastWord) await this.#finishWithUndo(before);
  }

  async #putOutcome(code) {
    return keepTrying(async () => {
      await this.#note.flush();
      const { data } = await api("PUT", `${path(this.pop)}/disposition`, { code });
      this.#note.remote(data.text, data.version);
    });
  }

  /** In wrap-up an outcome is the last word; for five seconds it can be taken back. */
  async #finishWithUndo(before) {
    this.#finishing = true;
    const chosen = word("disposition", this.#disposition);
    show(this.root, false);
    this.#arrange();
    const undo = new Promise((resolve) => {
      toast(t("Saved as “%(outcome)s”.", { outcome: chosen }), { seconds: 5, action: { label: t("Undo"), run: () => resolve(true) } });
      setTimeout(() => resolve(false), 5000);
      addEventListener("pagehide", () => resolve(false), { once: true });
    });
    if (await undo) {
      this.#finishing = false;
      show(this.root, true);
      this.#arrange();
      this.#disposition = before;
      this.update({ ...this.pop, call: { ...this.pop.call, disposition: before } });
      await this.#putOutcome(before);
      this.focus();
    } else {
      await this.finish();
    }
  }

  /** Save everything; in wrap-up the call leaves the screen, also when the page is left at that moment. */
  async finish() {
    if (this.#typedNew && !this.#slots.new.hidden && !(await this.createCustomer())) return;
    if (!(await this.#lines.take()) || !(await this.#note.flush())) return;
    sendEffort(this.pop.call.id);
    const done = await keepTrying(() => api("POST", `${path(this.pop)}/finish`, undefined, { keepalive: true }));
    if (done && this.pop.phase !== "wrap_up") toast(t("Saved. The call leaves the screen when the talk ends."));
    if (!done) this.reoffered();
  }

  async dismiss() {
    await this.#note.flush();
    link.send({ type: "dismiss", pop_id: this.pop.pop_id });
  }

  /** The call is leaving the screen: what was typed goes out first. */
  leave() {
    this.#note.flush({ keepalive: true });
  }

  /** Rings here again, or could not be finished: back on the screen. */
  reoffered() {
    this.#finishing = false;
    show(this.root, true);
    this.#arrange();
  }

  openTask() {
    const form = this.#slots.task;
    show(form, form.hidden);
    if (form.hidden) return;
    if (!form.elements.title.value) form.elements.title.value = t("Call back %(name)s", { name: this.spokenName() });
    form.querySelector("[data-due]").focus();
    form.scrollIntoView({ block: "nearest" });
  }

  /** True when something small was open and is now closed. */
  closeTop() {
    if (this.#slots.task.hidden || !this.#slots.task.contains(document.activeElement)) return false;
    show(this.#slots.task, false);
    this.focus();
    return true;
  }

  async createTask(preset) {
    const form = this.#slots.task;
    const error = form.querySelector("[data-error]");
    const title = form.elements.title.value.trim() || t("Call back %(name)s", { name: this.spokenName() });
    const due = presetTime(preset);
    try {
      await api("POST", `${path(this.pop)}/tasks`, { title: title.slice(0, 200), kind: "callback", due_at: due.toISOString() });
      this.#lines.taskMade();
      show(error, false);
      show(form, false);
      form.reset();
      this.#slots["tasks-made"].append(el("li", {}, icon("circle-check"), el("span", {}, ...parts("Task: %(title)s, %(time)s", { title: name(title), time: momentText(due) }))));
      this.root.focus({ preventScroll: true });
      dispatchEvent(new CustomEvent("cti:tasks-changed"));
    } catch (problem) {
      this.#sayError(error, problemText(problem));
    }
  }

  phones() {
    const { remote } = this.pop.call;
    const known = this.customer?.phones ?? [];
    const caller = remote?.number ? [{ number: remote.number, display: remote.display ?? remote.number, label: "" }] : [];
    const same = known.find((phone) => phone.number === remote?.number);
    return same ? [same, ...known.filter((phone) => phone !== same)] : [...caller, ...known];
  }

  call() {
    if (controlsOn) dial(this.phones(), this.customer?.id ?? null);
  }

  /** A second press within a second is a slip. */
  async hangUp() {
    if (!controlsOn || Date.now() - this.#hungUpAt < HANG_UP_GUARD_MS) return;
    this.#hungUpAt = Date.now();
    try {
      await api("POST", `${path(this.pop)}/hangup`);
    } catch (problem) {
      toast(problemText(problem));
    }
  }

  async #loadLongNote() {
    try {
      const { data } = await api("GET", `${path(this.pop)}/note`);
      this.#note.remote(data.text, data.version);
    } catch {
      // the next update of the call tries again
    }
  }

  #sayError(place, text) {
    setText(place, text);
    show(place, true);
  }
}
