// Short answers to what the user did. Never for ringing calls.
import { el, icon } from "./dom.js";
import { t } from "./l10n.js";

const place = document.getElementById("toasts");

/** Show a sentence; with `action` it stays until closed or `seconds` are over. */
export function toast(text, { action = null, seconds = null } = {}) {
  const item = el("div", { class: "toast" }, el("p", {}, text));
  const close = () => {
    item.remove();
    if (!place.childElementCount && place.matches(":popover-open")) place.hidePopover();
  };
  if (action) {
    item.append(el("button", { type: "button", class: "button small", onclick: () => { close(); action.run(); } }, action.label));
  }
  item.append(el("button", { type: "button", class: "button quiet small icon-only", "aria-label": t("Close"), onclick: close }, icon("x")));
  place.append(item);
  if (place.showPopover && !place.matches(":popover-open")) place.showPopover(); // above an open dialog, without its focus
  const readable = Math.max(4, text.split(/\s+/).length / 2 + 2);
  setTimeout(close, (seconds ?? (action ? 8 : readable)) * 1000);
  return close;
}
