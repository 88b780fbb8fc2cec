// Getting attention: title, sound, notification. Only the tab that was focused last rings; all show the title.
import { el, icon } from "./dom.js";
import { duration, t } from "./l10n.js";
import { link } from "./link.js";
import { everySecond } from "./timers.js";

const pageTitle = document.title;
const chips = document.getElementById("chips");
const soundSwitch = document.getElementById("ring-sound");
const SOUND = "cti.sound";
const ASKED = "cti.asked";
const ringing = new Map();
let titleOf = null;
let audio = null;

export function rememberTitle(call) {
  titleOf = call;
  showTitle();
}

function showTitle() {
  const ring = titleOf?.phase === "ringing" || titleOf?.phase === "talking" || titleOf?.phase === "hold";
  const seconds = titleOf ? (link.now() - Date.parse(titleOf.since)) / 1000 : 0;
  document.title = ring ? `☎ ${titleOf.name} – ${duration(seconds)}` : pageTitle;
}

/** A call began to ring here. */
export function ringFor(pop, name) {
  if (!link.rings) return;
  ringing.set(pop.pop_id, notification(pop, name));
  if (localStorage.getItem(SOUND) === "on") beep(3);
}

export function stopRinging(popId) {
  ringing.get(popId)?.close();
  ringing.delete(popId);
}

const notification = (pop, name) => notify(t("Incoming call"), name, pop.call.id);

/** A notification of the system while nobody looks at this window; null where that is not allowed. */
export function notify(title, body, tag) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return null;
  try {
    const shown = new Notification(title, { body, tag, silent: true, dir: document.documentElement.dir, lang: document.documentElement.lang });
    shown.onclick = () => {
      focus();
      shown.close();
    };
    return shown;
  } catch {
    return null; // Chrome on Android knows notifications of service workers only
  }
}

function beep(times) {
  audio ??= new AudioContext();
  for (let round = 0; round < times; round += 1) {
    const start = audio.currentTime + round * 0.9;
    for (const [frequency, at] of [[660, 0], [880, 0.18]]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.0001, start + at);
      volume.gain.exponentialRampToValueAtTime(0.15, start + at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.17);
      tone.connect(volume).connect(audio.destination);
      tone.start(start + at);
      tone.stop(start + at + 0.2);
    }
  }
}

export function chip(id, text, action, run) {
  if (document.getElementById(id)) return;
  const item = el("div", { class: "chip", id }, el("span", {}, text),
    el("button", { type: "button", class: "button small", onclick: () => { item.remove(); run(); } }, action),
    el("button", { type: "button", class: "button quiet small icon-only", "aria-label": t("Close"), onclick: () => item.remove() }, icon("x")));
  chips.append(item);
}

export function startNotify() {
  soundSwitch.checked = localStorage.getItem(SOUND) === "on";
  soundSwitch.addEventListener("change", () => {
    localStorage.setItem(SOUND, soundSwitch.checked ? "on" : "off");
    if (soundSwitch.checked) beep(1);
  });
  if (document.getElementById("state-menu") && "Notification" in window && isSecureContext && Notification.permission === "default" && !localStorage.getItem(ASKED)) {
    chip("chip-notify", t("Show calls also when this window is in the background?"), t("Allow"), () => Notification.requestPermission());
    document.getElementById("chip-notify").addEventListener("click", () => localStorage.setItem(ASKED, "yes"));
  }
  everySecond(showTitle);
}
