// Shortcuts by physical key. Alt on Windows and Linux, Control on macOS; AltGr never triggers. docs/keyboard.md lists them.
import { isTyping, show } from "./dom.js";
import { changeCall, currentPop } from "./pops.js";
import { askHandOver, askSnooze, clearSelection, completeSelected, toggleAll, toggleRow } from "./task_rows.js";
import { toast } from "./toasts.js";
import { t } from "./l10n.js";

const OFF = "cti.keys";
const GO_WITHIN_MS = 1500;
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const enabled = document.getElementById("keys-on");
const keysDialog = document.getElementById("keys-dialog");

/** The shortcut modifier alone: with AltGr, Control+Alt or a second modifier it is somebody's letter. */
const withModifier = (event) => !event.getModifierState("AltGraph") && !event.metaKey && !event.shiftKey && (isMac ? event.ctrlKey && !event.altKey : event.altKey && !event.ctrlKey);
const plain = (event) => !event.altKey && !event.ctrlKey && !event.metaKey;
const digitOf = (event) => Number(/^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1] ?? 0);

const onPop = (action) => () => {
  const pop = currentPop();
  if (pop) action(pop);
  else toast(t("There is no call on the screen."));
};

const WITH_MODIFIER = {
  KeyN: onPop((pop) => pop.focusNote()),
  KeyT: onPop((pop) => pop.openTask()),
  KeyO: onPop((pop) => (document.querySelector("[data-home]") ? pop.openCard() : pop.customer && location.assign(`/customers/${pop.customer.id}`))),
  KeyD: () => {
    const pop = currentPop();
    const button = document.querySelector("[data-main-dial]");
    if (pop && pop.pop.phase === "wrap_up") pop.call();
    else if (button) button.click();
    else if (pop) pop.call();
    else press(document.querySelector("[data-call-back]"));
  },
  KeyQ: onPop((pop) => pop.hangUp()),
  KeyS: () => {
    const menu = document.getElementById("state-menu");
    if (!menu) return;
    menu.open = !menu.open;
    if (menu.open) menu.querySelector("button")?.focus();
  },
  ArrowUp: () => changeCall(-1),
  ArrowDown: () => changeCall(1),
  Slash: () => keysDialog.showModal(),
};

function outcome(digit) {
  onPop((pop) => pop.root.querySelectorAll("[data-disposition]")[digit - 1]?.click())();
}

/** The topmost thing that takes digits: a dialog, the state menu, the call. */
function digit(number) {
  const dialog = document.querySelector("dialog[open]");
  if (dialog) return press(dialog.querySelector(`[data-digit="${number}"]`));
  const menu = document.querySelector("#state-menu[open]");
  if (menu) return press(menu.querySelectorAll("[data-my-state]")[number - 1]);
  return currentPop()?.digit(number) ?? false;
}

function press(button) {
  button?.click();
  return Boolean(button);
}

// --- rows ---------------------------------------------------------------------------------------------------------------

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);

function moveRow(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest?.("[data-row]"));
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

const inRow = (selector) => () => {
  const row = document.activeElement.closest?.("[data-row]");
  return press(row?.querySelector(selector));
};
let goPressedAt = -Infinity;

/** The second letter of "g h": go to the page that has it. */
function goTo(code) {
  const asked = performance.now() - goPressedAt < GO_WITHIN_MS;
  goPressedAt = -Infinity;
  return asked && press(document.querySelector(`[data-go="${CSS.escape(code.replace("Key", ""))}"]`));
}

async function copyLink() {
  const row = document.activeElement.closest?.("[data-row]");
  const path = row?.dataset.href ?? row?.querySelector("a[href^='/']")?.getAttribute("href") ?? location.href;
  try {
    await navigator.clipboard.writeText(new URL(path, location.href).href);
    toast(t("Link copied."));
  } catch {
    toast(t("This browser does not let a page copy here."));
  }
}

const pressed = (selector) => () => press(document.querySelector(selector));

const PLAIN = {
  KeyJ: () => (moveRow(1), true),
  KeyK: () => (moveRow(-1), true),
  ArrowDown: () => document.activeElement.matches?.("[data-row]") && (moveRow(1), true),
  ArrowUp: () => document.activeElement.matches?.("[data-row]") && (moveRow(-1), true),
  KeyX: () => completeSelected() || inRow("[data-complete]")(),
  KeyS: askSnooze,
  KeyH: askHandOver,
  KeyA: toggleAll,
  Space: toggleRow,
  KeyD: inRow("[data-dial]"),
  KeyP: inRow("[data-set-pause=on]"),
  KeyR: inRow("[data-set-pause=off]"),
  KeyG: () => ((goPressedAt = performance.now()), true),
  Period: () => (copyLink(), true),
  KeyN: pressed("[data-key=new]"),
  KeyE: pressed("[data-key=edit]"),
  Enter: () => {
    const row = document.activeElement;
    if (!row.matches?.("[data-row]")) return false;
    const target = row.dataset.href ?? row.querySelector("a[href]")?.getAttribute("href");
    if (target) location.assign(target);
    return Boolean(target);
  },
};

function closeTopmost() {
  const menu = [...document.querySelectorAll("details.menu[open]")].at(-1);
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    return true;
  }
  return clearSelection() || (currentPop()?.closeTop() ?? false);
}

function focusSearch() {
  const field = document.getElementById("q") ?? document.getElementById("search");
  field?.focus();
  field?.select();
  return Boolean(field);
}

function handle(event) {
  if (event.code === "Escape") return closeTopmost();
  if ((event.ctrlKey || event.metaKey) && event.code === "Enter") {
    const form = document.activeElement.closest?.("#customer-form");
    if (form) form.requestSubmit();
    else onPop((pop) => pop.finish())();
    return true;
  }
  if ((event.ctrlKey || event.metaKey) && event.code === "KeyK" && !event.altKey && !event.shiftKey && !isTyping(event.target)) return focusSearch();
  if (withModifier(event)) {
    const number = digitOf(event);
    if (number) return outcome(number), true;
    const action = WITH_MODIFIER[event.code];
    if (action) action();
    return Boolean(action);
  }
  if (!plain(event) || isTyping(event.target)) return false;
  const number = event.shiftKey ? 0 : digitOf(event);
  if (number) return digit(number);
  if (document.querySelector("dialog[open]")) return false;
  if (event.key === "?") return keysDialog.showModal(), true;
  if (event.key === "/" || (event.code === "Slash" && !event.shiftKey)) return focusSearch();
  if (event.shiftKey) return false;
  return goTo(event.code) || (PLAIN[event.code]?.() ?? false);
}

export function startKeyboard() {
  enabled.checked = localStorage.getItem(OFF) !== "off";
  enabled.addEventListener("change", () => localStorage.setItem(OFF, enabled.checked ? "on" : "off"));
  document.querySelector("[data-open-keys]").addEventListener("click", () => keysDialog.showModal());
  show(document.getElementById("keys-mac"), isMac);
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.repeat && !["KeyJ", "KeyK", "ArrowUp", "ArrowDown"].includes(event.code)) return;
    if (localStorage.getItem(OFF) === "off" && event.code !== "Escape") return;
    if (handle(event)) event.preventDefault();
  });
}
