// Building elements. Whatever a caller or a customer is called becomes text, never markup.

/** An element with attributes (true: present, false or null: absent) and children (nodes or text). */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** A name or other free text, isolated from the direction around it. */
export const name = (text, attributes = {}) => el("bdi", attributes, text ?? "");

/** A number in its left-to-right isolate. */
export const tel = (text) => el("bdi", { dir: "ltr", class: "tel" }, text ?? "");

/** A picture of the sprite. */
export function icon(id) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${id}`);
  svg.append(use);
  return svg;
}

/** Change the picture of an element that has one. */
export const setIcon = (element, id) => element.querySelector("use").setAttribute("href", `${document.body.dataset.icons}#${id}`);

/** Show or hide, without touching what is as wanted. */
export function show(element, visible) {
  if (element && element.hidden === visible) element.hidden = !visible;
}

/** Set a text only where it differs: screen readers and selections stay calm. */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** True while somebody types: single keys are then letters. */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])"));
}

/** Random text for one click; works over plain HTTP too, where randomUUID is missing. */
export const token = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export const controlsOn = document.body.dataset.controls === "on";
