// Parts of pages that the server renders: lists that filter as one types, "show more", and what changes after calls and tasks.
import { fetchPart } from "./api.js";
import { problemText } from "./l10n.js";
import { link } from "./link.js";
import { toast } from "./toasts.js";

const PAUSE_MS = 200;
const SOON_MS = 150;

function liveFilter(form) {
  const list = document.querySelector(form.dataset.liveFilter);
  let timer = null;
  let asked = 0;
  const run = async () => {
    const mine = (asked += 1);
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const url = `${form.getAttribute("action") ?? location.pathname}${query.size ? `?${query}` : ""}`;
    try {
      const part = await fetchPart(url);
      if (mine !== asked) return false;
      list.replaceChildren(part);
      dispatchEvent(new CustomEvent("cti:refreshed"));
      history.replaceState(null, "", url);
      return true;
    } catch (problem) {
      toast(problemText(problem));
      return false;
    }
  };
  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(run, event.target.matches("select, [type=date]") ? 0 : PAUSE_MS);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    const searching = document.activeElement.matches("[type=search]");
    if (!(await run()) || !searching) return; // the rows may still be those of fewer letters
    const [row, ...others] = list.querySelectorAll("[data-row][data-href]");
    if (row && !others.length) location.assign(row.dataset.href);
  });
}

async function showMore(button) {
  button.setAttribute("aria-disabled", "true");
  try {
    const part = await fetchPart(button.href);
    const rows = button.closest("[data-part], .panel").querySelector("[data-rows]");
    const fresh = part.querySelector("[data-rows]");
    const foot = part.querySelector(".list-foot");
    const first = fresh?.firstElementChild;
    if (fresh) rows.append(...fresh.children);
    button.closest(".list-foot").replaceWith(...(foot ? [foot] : []));
    if (first?.matches("[data-row]")) first.focus();
  } catch (problem) {
    button.removeAttribute("aria-disabled");
    toast(problemText(problem));
  }
}

/** Many tasks may change at once: the list is fetched once for all of them. */
let soon = null;
function refreshTasksSoon() {
  soon ??= setTimeout(() => {
    soon = null;
    refresh("tasks");
  }, SOON_MS);
}

/** Fetch the parts of this kind again; what has the focus keeps it. */
async function refresh(kind) {
  for (const place of document.querySelectorAll(`[data-refresh="${kind}"]`)) {
    const url = document.querySelector("[data-home]") ? `/?part=${kind}` : location.pathname + location.search;
    const focused = place.contains(document.activeElement) ? document.activeElement.closest("[data-task]")?.dataset.task : null;
    try {
      place.replaceChildren(await fetchPart(url));
      dispatchEvent(new CustomEvent("cti:refreshed"));
      if (focused) (place.querySelector(`[data-task="${CSS.escape(focused)}"]`) ?? place.querySelector("[data-row]"))?.focus();
    } catch {
      // shown as it was; the next change tries again
    }
  }
}

async function openCustomer({ id, asked }) {
  const place = document.getElementById("card-place");
  const open = place?.querySelector("[data-customer]")?.dataset.customer;
  if (!place?.hasAttribute("data-home")) return asked ? location.assign(`/customers/${id}`) : null;
  if (open === String(id) && !asked) return null;
  if (!asked && place.contains(document.activeElement)) return null; // somebody is working there
  try {
    place.replaceChildren(await fetchPart(`/customers/${id}`));
    if (asked) place.querySelector("h2")?.scrollIntoView({ block: "nearest" });
    history.replaceState(null, "", `/?customer=${id}`);
  } catch (problem) {
    if (asked) toast(problemText(problem));
  }
  return null;
}

export function startPageParts() {
  document.querySelectorAll("form[data-live-filter]").forEach(liveFilter);
  document.addEventListener("click", (event) => {
    const more = event.target.closest("a[data-more]");
    if (more) {
      event.preventDefault();
      if (more.getAttribute("aria-disabled") !== "true") showMore(more);
      return;
    }
    const row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a, button, input") && !String(getSelection())) location.assign(row.dataset.href);
  });
  addEventListener("cti:tasks-changed", () => refresh("tasks"));
  addEventListener("cti:calls-changed", () => setTimeout(() => refresh("calls"), 1200));
  addEventListener("cti:open-customer", ({ detail }) => openCustomer(detail));
  link.on("task due", refreshTasksSoon);
  link.on("pop", ({ pop }) => {
    if (pop.phase === "talking" && pop.match === "one") openCustomer({ id: pop.customers[0].id, asked: false });
  });
}

