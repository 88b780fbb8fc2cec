// The line somebody types into a note, shown as what it will become: outcome, task, tags. The server reads it; here is no word of any language.
import { api } from "./api.js";
import { el, icon, name, setText, show } from "./dom.js";
import { dueText, language, parts, t, word } from "./l10n.js";
import { keepTrying } from "./keep_trying.js";

const PAUSE_MS = 150;
const SHORTEST = 3;
const LONGEST = 300; // the server reads no longer ones
const PATIENCE_MS = 1500; // for a last preview, when the call is finished right after typing

/** One note field with its chips. `setOutcome()` is the outcome chosen by hand so far, `saved(answer)` is told what was made. */
export class LineCapture {
  #path;
  #area;
  #saver;
  #box;
  #chips;
  #hint;
  #said;
  #made;
  #chosenOutcome;
  #saved;
  #typed = ""; // the line of the last key, if it may become something
  #shown = null; // {text, at, outcome, task, tags}: the preview of a line
  #removed = new Set();
  #handled = null; // the line that stood there when a task was made by hand
  #taken = new Set(); // lines that are made, or were asked to be
  #timer = null;
  #asked = 0;
  #work = Promise.resolve(true);

  constructor(callId, root, saver, { chosenOutcome, saved }) {
    this.#path = `/calls/${encodeURIComponent(callId)}/capture`;
    this.#area = root.querySelector("textarea");
    this.#saver = saver;
    this.#box = root.querySelector("[data-slot=capture]");
    this.#chips = this.#box.querySelector(".chips");
    this.#hint = this.#box.querySelector(".hint");
    this.#said = root.querySelector("[data-slot=capture-said]");
    this.#made = root.querySelector("[data-slot=tasks-made]");
    this.#chosenOutcome = chosenOutcome;
    this.#saved = saved;
    this.#area.addEventListener("input", (event) => this.#changed(event));
    this.#area.addEventListener("keydown", (event) => this.#keyInNote(event));
    this.#chips.addEventListener("keydown", (event) => this.#keyInChips(event));
    this.#chips.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-part]");
      if (chip) this.#toggle(chip);
    });
  }

  /** Make what the chips show before the call leaves the screen; `without` names parts that were decided otherwise. */
  async take(without = []) {
    const text = this.#typed;
    if (text && !this.#taken.has(text) && this.#shown?.text !== text) await this.#lastPreview(text);
    if (this.#shown?.text === text && this.#wanted().length) this.#enqueue(text, without);
    const work = this.#work;
    const done = await work;
    if (this.#work === work) this.#work = Promise.resolve(true); // a failure is told once; after that the call can be finished
    return done;
  }

  /** A task was made by hand: the line that is typed now makes no second one. */
  taskMade() {
    this.#handled = this.#typed;
    this.#removed.add("task");
    for (const chip of this.#chips.querySelectorAll("[data-part]")) this.#mark(chip);
    this.#tell();
  }

  // --- typing -----------------------------------------------------------------------------------------------------

  #changed(event) {
    const { text } = this.#line();
    this.#typed = event.inputType?.startsWith("history") || text.length > LONGEST || text.trim().length < SHORTEST ? "" : text;
    clearTimeout(this.#timer);
    this.#asked += 1;
    if (!this.#typed || this.#taken.has(this.#typed)) return this.#show(null);
    this.#timer = setTimeout(() => this.#preview(this.#typed), PAUSE_MS);
    return undefined;
  }

  /** The line of the cursor: its text and where it begins; `ends` when nothing stands behind the cursor. */
  #line() {
    const { value, selectionStart: at } = this.#area;
    const start = value.lastIndexOf("\n", at - 1) + 1;
    const end = value.indexOf("\n", at) < 0 ? value.length : value.indexOf("\n", at);
    return { text: value.slice(start, end), start, ends: !value.slice(at, end).trim() };
  }

  async #preview(text) {
    const mine = (this.#asked += 1);
    try {
      const { data } = await api("POST", "/capture/preview", { text, language });
      if (mine === this.#asked) this.#show(data);
    } catch {
      if (mine === this.#asked) this.#show(null); // the note is saved all the same
    }
  }

  async #lastPreview(text) {
    clearTimeout(this.#timer);
    await Promise.race([this.#preview(text), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  }

  #keyInNote(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.key === "Escape" && !this.#box.hidden) {
      this.#taken.add(this.#shown.text);
      this.#show(null);
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter") {
      const { text, ends } = this.#line();
      const nothing = this.#shown?.text === text && !this.#wanted().length;
      if (ends && text && text === this.#typed && !nothing && !this.#taken.has(text)) this.#enqueue(text, []);
    }
  }

  // --- making -----------------------------------------------------------------------------------------------------

  /** After Enter the field gets its new line first; then note, outcome and task go out together. */
  #enqueue(text, without) {
    const seen = this.#shown?.text === text ? this.#shown : null;
    const removed = new Set([...this.#removed, ...without]);
    if (!seen && this.#chosenOutcome()) removed.add("outcome");
    if (!seen && this.#handled === text) removed.add("task");
    const body = { text, language, removed: [...removed].slice(0, 20), ...(seen ? { at: seen.at } : {}) };
    this.#taken.add(text);
    this.#show(null);
    this.#work = this.#work.then(() => new Promise((resolve) => setTimeout(resolve))).then(() => this.#make(body));
  }

  async #make(body) {
    const done = await keepTrying(async () => {
      const answer = await this.#saver.saveBy((note, options) => api("POST", this.#path, { ...body, note }, options));
      if (answer.task) this.#showMade(answer.task);
      this.#saved(answer);
    });
    if (!done) this.#showFailed(body);
    return done;
  }

  #showMade(task) {
    const text = task.due_at ? parts("Task: %(title)s, %(time)s", { title: name(task.title || word("task_kind", task.kind)), time: name(dueText(task.due_at)) }) : [name(task.title || word("task_kind", task.kind))];
    const line = el("li", { "data-task-made": task.id }, icon("circle-check"), el("span", {}, ...text));
    const before = this.#made.querySelector(`[data-task-made="${CSS.escape(task.id)}"]`);
    if (before) before.replaceWith(line);
    else this.#made.append(line);
    dispatchEvent(new CustomEvent("cti:tasks-changed"));
  }

  #showFailed(body) {
    const again = el("button", { type: "button", class: "button small" }, t("Try again"));
    const line = el("li", { class: "failed" }, icon("alert-triangle"), el("span", {}, ...parts("Only a note so far: %(line)s", { line: name(body.text) })), again);
    again.addEventListener("click", () => {
      line.remove();
      this.#area.focus();
      this.#work = this.#work.then(() => this.#make(body));
    });
    this.#made.append(line);
  }

  // --- chips ------------------------------------------------------------------------------------------------------

  #all() {
    if (!this.#shown) return [];
    const { outcome, task, tags } = this.#shown;
    return [...(outcome ? ["outcome"] : []), ...(task ? ["task"] : []), ...tags.map((tag) => `tag:${tag.name}`)];
  }

  /** What would be made: tags alone are only words of the note. */
  #wanted() {
    return this.#all().filter((part) => !this.#removed.has(part) && !part.startsWith("tag:"));
  }

  #show(preview) {
    const focused = this.#chips.contains(document.activeElement);
    if (preview?.text !== this.#shown?.text) this.#removed.clear();
    this.#shown = preview;
    if (preview && preview.text === this.#handled) this.#removed.add("task");
    const chosen = this.#chosenOutcome();
    if (preview?.outcome && chosen && chosen !== preview.outcome.code) this.#removed.add("outcome"); // a choice by hand stays
    const chips = this.#all().map((part, index) => this.#chip(part, index));
    this.#chips.replaceChildren(...chips.map((chip) => el("li", {}, chip)));
    show(this.#box, chips.length > 0);
    if (focused) this.#area.focus();
    this.#tell();
  }

  /** The sentence below the chips, and the one for screen readers: of what would be made now. */
  #tell() {
    const wanted = this.#wanted();
    const said = [...this.#chips.querySelectorAll("[data-part]")].filter((chip) => wanted.includes(chip.dataset.part)).map((chip) => chip.dataset.said);
    show(this.#hint, wanted.length > 0);
    setText(this.#said, said.length ? t("From this line: %(parts)s. Enter makes it.", { parts: said.join(", ") }) : "");
  }

  #chip(part, index) {
    const { outcome, task } = this.#shown;
    const chip = el("button", { type: "button", class: "chip", "data-part": part, tabindex: index ? "-1" : "0" });
    if (part === "outcome") chip.append(icon("flag"), el("span", {}, word("disposition", outcome.code)));
    else if (part === "task") chip.append(icon(task.kind === "callback" ? "phone-outgoing" : "list-check"), el("span", {}, word("task_kind", task.kind)), task.due_at ? el("time", { datetime: task.due_at }, name(dueText(task.due_at))) : el("span", { class: "muted" }, t("no time yet")));
    else chip.append(name(`#${part.slice(4)}`));
    chip.dataset.said = [...chip.children].map((piece) => piece.textContent).filter(Boolean).join(" ");
    chip.title = part.startsWith("tag:") ? t("No tag (Delete)") : t("Leave out (Delete)");
    this.#mark(chip);
    return chip;
  }

  #mark(chip) {
    chip.setAttribute("aria-pressed", String(!this.#removed.has(chip.dataset.part)));
  }

  #toggle(chip) {
    const { part } = chip.dataset;
    if (part.startsWith("tag:")) return this.#untag(part.slice(4));
    if (!this.#removed.delete(part)) this.#removed.add(part);
    this.#mark(chip);
    this.#tell();
    return undefined;
  }

  /** A tag is a word of the note: without its # it is a word like the others. */
  #untag(tag) {
    const [from] = this.#shown.tags.find((one) => one.name === tag).spans[0];
    const { text } = this.#shown;
    const start = `\n${this.#area.value}\n`.indexOf(`\n${text}\n`);
    if (start < 0) return;
    const at = start + [...text].slice(0, from).join("").length;
    this.#area.setRangeText("", at, at + 1, "preserve");
    const end = start + text.length - 1;
    this.#area.setSelectionRange(end, end);
    this.#area.focus();
    this.#area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  #keyInChips(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chips = [...this.#chips.querySelectorAll("[data-part]")];
    const at = chips.indexOf(event.target.closest("[data-part]"));
    const rtl = getComputedStyle(this.#chips).direction === "rtl";
    const step = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const digit = Number(/^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1] ?? 0);
    if (event.key === "Delete" || event.key === "Backspace") this.#toggle(chips[at]);
    else if (digit) chips[digit - 1] && this.#toggle(chips[digit - 1]);
    else if (event.key === "Escape") this.#area.focus();
    else if (step && chips[at + step]) chips[at + step].focus();
    else if (!step) return;
    event.preventDefault();
    event.stopPropagation();
  }
}
