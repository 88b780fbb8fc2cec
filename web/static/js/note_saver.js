// A call's note: saved 0.8 s after the last key, kept in the browser until the server has it, never lost, never overwritten unseen.
import { api, Problem } from "./api.js";
import { secondsText, t, problemText } from "./l10n.js";
import { setText, show, token } from "./dom.js";

const PAUSE_MS = 800;
const RETRY_MS = 3000;
const KEPT_MS = 48 * 3600 * 1000;
const PREFIX = "cti.note.";
const TAB = token();
const ME = document.body.dataset.user;
const MOST_SENT = 5;

const unsaved = new Set();
export const savedLamp = new EventTarget();

function mark(saver, dirty) {
  const before = unsaved.size;
  if (dirty) unsaved.add(saver);
  else unsaved.delete(saver);
  if (before !== unsaved.size || dirty) savedLamp.dispatchEvent(new CustomEvent("change", { detail: { waiting: unsaved.size, failed: [...unsaved].some((one) => one.failed) } }));
}

/** True while some text is only in this browser. */
export const hasUnsaved = () => unsaved.size > 0;

function forgetOldDrafts() {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue;
    try {
      if (Date.now() - JSON.parse(localStorage.getItem(key)).at > KEPT_MS) localStorage.removeItem(key);
    } catch {
      localStorage.removeItem(key);
    }
  }
}
forgetOldDrafts();

/** Texts of this person that no server has confirmed: `{call, text, base, sent}`, of calls that are not in `shown`. */
export function strandedDrafts(shown) {
  const calls = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  const drafts = calls.filter((call) => !shown.has(call)).map((call) => ({ call, ...storedDraft(call) }));
  return drafts.filter((draft) => draft.text !== undefined && (!draft.user || draft.user === ME));
}

/** This text has arrived; what was typed since then stays. */
export function forgetDraft(call, text) {
  if (storedDraft(call)?.text === text) localStorage.removeItem(PREFIX + call);
}

function storedDraft(call) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + call));
  } catch {
    return null;
  }
}

export class NoteSaver {
  failed = false;
  #call;
  #area;
  #state;
  #conflict;
  #otherText;
  #version;
  #known; // the text the server has
  #other = null; // {text, version} of somebody else
  #sent = []; // texts of ours that went out without an answer: the server may have one of them
  #timer = null;
  #saving = null;

  constructor(callId, root, { text = "", version = 0 } = {}) {
    this.#call = callId;
    this.#area = root.querySelector("textarea");
    this.#state = root.querySelector("[data-slot=save-state]");
    this.#conflict = root.querySelector("[data-slot=conflict]");
    this.#otherText = root.querySelector("[data-slot=other-text]");
    this.#version = version;
    this.#known = text ?? "";
    this.#area.value = this.#known;
    this.#area.addEventListener("input", () => this.#typed());
    this.#area.addEventListener("blur", () => this.flush());
    this.#conflict.addEventListener("click", (event) => this.#resolve(event.target.closest("[data-keep]")?.dataset.keep));
    addEventListener("pagehide", () => this.flush({ keepalive: true }));
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.flush({ keepalive: true }));
    this.#restoreDraft();
  }

  get dirty() {
    return this.#area.value !== this.#known;
  }

  /** The server's note as another tab or person left it (or as we did). */
  remote(text, version) {
    if (version === undefined || version <= this.#version) return;
    const theirs = text ?? "";
    if (!this.dirty || theirs === this.#area.value) {
      this.#adopt(theirs, version, document.activeElement !== this.#area || !this.dirty);
    } else if (this.#saving !== null) {
      return; // its answer, or its refusal, tells
    } else if (this.#sent.includes(theirs)) {
      this.#goOn(theirs, version);
    } else {
      this.#showConflict(theirs, version);
    }
  }

  /** Save now what is not saved. Resolves to true when the server has the text. */
  async flush({ keepalive = false } = {}) {
    clearTimeout(this.#timer);
    if (this.#saving) await this.#saving;
    if (!this.dirty || this.#other) return !this.#other;
    this.#saving = this.#save(keepalive);
    const done = await this.#saving;
    this.#saving = null;
    return done;
  }

  /** Save by another request that has the whole note in it: `request(text, options)`. Returns its answer, throws its problem. */
  async saveBy(request) {
    clearTimeout(this.#timer);
    if (this.#saving) await this.#saving;
    if (this.#other) throw new Problem(412, { code: "version_conflict" });
    let answer = null;
    let problem = null;
    this.#saving = this.#save(false, async (text, options) => {
      try {
        answer = (await request(text, options)).data;
        return answer.note;
      } catch (refusal) {
        problem = refusal;
        throw refusal;
      }
    });
    await this.#saving;
    this.#saving = null;
    if (problem) throw problem;
    return answer;
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#keepDraft();
    mark(this, this.dirty);
    if (this.#other) return;
    this.#say("", "");
    this.#timer = setTimeout(() => this.flush(), PAUSE_MS);
  }

  async #put(text, options) {
    return (await api("PUT", `/calls/${encodeURIComponent(this.#call)}/note`, { text }, options)).data;
  }

  async #save(keepalive, send = (text, options) => this.#put(text, options)) {
    const text = this.#area.value;
    this.#say("saving", t("saving…"));
    this.#sent = [...this.#sent.filter((one) => one !== text), text].slice(-MOST_SENT);
    this.#keepDraft();
    try {
      const data = await send(text, { ifMatch: this.#version, keepalive });
      this.failed = false;
      this.#version = data.version;
      this.#known = text;
      this.#sent = [];
      this.#say("saved", t("saved %(time)s", { time: secondsText(Date.now()) }));
      this.#keepDraft();
      mark(this, this.dirty);
      return true;
    } catch (problem) {
      await this.#refused(problem, text);
      return false;
    }
  }

  async #refused(problem, text) {
    this.failed = true;
    mark(this, true);
    if (problem.code === "version_conflict") {
      await this.#fetchOther(text);
    } else if (problem.status === 0 || problem.status >= 500 || problem.status === 401) {
      this.#say("failed", t("not saved, retrying"));
      this.#timer = setTimeout(() => this.flush(), RETRY_MS);
    } else {
      this.#say("failed", problemText(problem));
    }
  }

  async #fetchOther(text) {
    try {
      const { data } = await api("GET", `/calls/${encodeURIComponent(this.#call)}/note`);
      if (data.text === text) this.#adopt(data.text, data.version, false);
      else if (this.#sent.includes(data.text)) this.#goOn(data.text, data.version);
      else this.#showConflict(data.text, data.version);
    } catch {
      this.#say("failed", t("not saved, retrying"));
      this.#timer = setTimeout(() => this.#fetchOther(text), RETRY_MS);
    }
  }

  /** An earlier text of ours had arrived, only its answer had not: what was typed since then is saved on top of it. */
  #goOn(text, version) {
    this.#adopt(text, version, false);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE_MS);
  }

  #adopt(text, version, replace) {
    this.#version = version;
    this.#known = text;
    this.#sent = [];
    this.failed = false;
    if (replace && this.#area.value !== text) this.#area.value = text;
    this.#keepDraft();
    mark(this, this.dirty);
  }

  #showConflict(text, version) {
    this.#other = { text, version };
    setText(this.#otherText, text);
    show(this.#conflict, true);
    this.#say("conflict", t("changed elsewhere"));
  }

  #resolve(choice) {
    if (!choice || !this.#other) return;
    const { text, version } = this.#other;
    const mine = this.#area.value;
    this.#other = null;
    show(this.#conflict, false);
    this.#version = version;
    this.#known = text;
    this.#area.value = { mine, other: text, both: `${text}\n${mine}` }[choice];
    this.failed = false;
    this.#say("", "");
    mark(this, this.dirty);
    this.flush();
    this.#area.focus();
  }

  #say(state, text) {
    this.#state.dataset.state = state;
    setText(this.#state, text);
  }

  /** Kept with each key. Another tab's text of this call is only taken out when the server has it. */
  #keepDraft() {
    const key = PREFIX + this.#call;
    try {
      const stored = storedDraft(this.#call);
      if (this.dirty) localStorage.setItem(key, JSON.stringify({ text: this.#area.value, base: this.#version, sent: this.#sent, at: Date.now(), tab: TAB, user: ME }));
      else if (stored && (stored.tab === TAB || stored.text === this.#known)) localStorage.removeItem(key);
    } catch {
      // a full or forbidden store: the text is still in the field
    }
  }

  #restoreDraft() {
    const draft = storedDraft(this.#call);
    if (!draft || draft.text === this.#known || (draft.user && draft.user !== ME)) return;
    this.#area.value = draft.text;
    this.#sent = draft.sent ?? [];
    if (draft.base < this.#version && !this.#sent.includes(this.#known)) {
      this.#showConflict(this.#known, this.#version);
    } else {
      this.#timer = setTimeout(() => this.flush(), PAUSE_MS);
    }
    mark(this, true);
  }
}
