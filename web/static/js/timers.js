// One clock for all running timers, once a second on the server's second.
import { duration } from "./l10n.js";
import { link } from "./link.js";
import { setText } from "./dom.js";

const listeners = new Set();

/** Call back every second, and once now. Returns how to stop. */
export function everySecond(listener) {
  listeners.add(listener);
  listener();
  return () => listeners.delete(listener);
}

function tick() {
  for (const timer of document.querySelectorAll("[data-since]")) {
    setText(timer, duration((link.now() - Date.parse(timer.dataset.since)) / 1000));
  }
  listeners.forEach((listener) => listener());
  setTimeout(tick, 1000 - (link.now() % 1000) + 5);
}

/** Let an element count up from a moment; null empties it. */
export function countFrom(element, at) {
  if (!at) {
    delete element.dataset.since;
    setText(element, "");
  } else if (element.dataset.since !== at) {
    element.dataset.since = at;
    setText(element, duration((link.now() - Date.parse(at)) / 1000));
  }
}

tick();
