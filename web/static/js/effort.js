// Counts the keys and clicks that a call's record takes, from the ring to the save. Never which keys, never the text.
import { api } from "./api.js";

const KEEP = "cti.efforts"; // for all tabs of this browser: a call may be taken in one and saved in another
const MOST = 20;
const MODIFIERS = new Set(["Alt", "AltGraph", "Control", "Shift", "Meta"]);
const EDITING = new Set(["Backspace", "Delete", "ArrowLeft", "ArrowRight", "Home", "End"]);

function efforts() {
  try {
    return JSON.parse(localStorage.getItem(KEEP)) ?? {};
  } catch {
    return {};
  }
}

function count(callId, what) {
  if (!callId) return;
  const all = efforts();
  const { [callId]: mine = { keys: 0, clicks: 0 }, ...others } = all;
  mine[what] += 1;
  localStorage.setItem(KEEP, JSON.stringify(Object.fromEntries([...Object.entries(others).slice(1 - MOST), [callId, mine]])));
}

/** A chord is one key; letters and corrections in a text field are text, not keys. */
function isKey(event) {
  if (event.repeat || event.isComposing || MODIFIERS.has(event.key)) return false;
  if (event.altKey || event.ctrlKey || event.metaKey) return true;
  const typing = event.target.matches?.("textarea, input:not([type=checkbox], [type=radio]), [contenteditable]");
  return !(typing && (event.key.length === 1 || EDITING.has(event.key)));
}

/** Count for the call in hand, which `callInHand` names. */
export function startEffort(callInHand) {
  addEventListener("keydown", (event) => isKey(event) && count(callInHand(), "keys"), true);
  addEventListener("pointerdown", () => count(callInHand(), "clicks"), true);
}

/** The call is saved: its figures go to the server once. A lost figure is no reason to trouble anybody. */
export function sendEffort(callId) {
  const { [callId]: mine = { keys: 0, clicks: 0 }, ...others } = efforts();
  localStorage.setItem(KEEP, JSON.stringify(others));
  api("PUT", `/calls/${encodeURIComponent(callId)}/effort`, mine, { keepalive: true }).catch(() => {});
}
