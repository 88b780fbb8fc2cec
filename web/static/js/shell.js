// The frame: lamps, stale data, my state, menus, appearance, sign-in again.
import { api, renewToken, signedOut } from "./api.js";
import { setIcon, setText, show } from "./dom.js";
import { problemText, secondsText, t, timeText, word } from "./l10n.js";
import { link } from "./link.js";
import { hasUnsaved, savedLamp } from "./note_saver.js";
import { chip } from "./notify.js";
import { currentPop } from "./pops.js";
import { countFrom } from "./timers.js";
import { toast } from "./toasts.js";

const STATE_ICONS = { ready: "circle-filled", ringing: "bell-ringing", talking: "phone-call", hold: "phone-pause", wrap_up: "pencil", paused: "coffee", offline: "circle", busy_elsewhere: "phone-call", dnd: "ban", unreachable: "phone-off" };
const STALE_AFTER_MS = 5000;
const me = document.body.dataset.user;
let staleTimer = null;
let lostAt = null;

export const stateIcon = (state) => STATE_ICONS[state] ?? "circle";

function lamp(id, state) {
  const element = document.getElementById(id);
  element.dataset.state = state;
  const words = element.querySelector("[data-words]");
  setText(words, JSON.parse(words.dataset.words)[state]);
}

function showConnection({ status }) {
  const live = status === "live";
  lamp("lamp-live", live ? "ok" : status === "connecting" ? "wait" : "bad");
  const bar = document.getElementById("stale");
  if (live) {
    clearTimeout(staleTimer);
    staleTimer = lostAt = null;
    show(bar, false);
    document.body.classList.remove("stale");
    if (dialog.open) renewedElsewhere();
    return;
  }
  if (link.state.asOf && !lostAt) lostAt = link.state.asOf;
  const text = lostAt ? t("Reconnecting… data as of %(time)s", { time: secondsText(lostAt) }) : null;
  if (text) {
    setText(bar.querySelector("[data-text]"), text);
    show(bar, true);
  }
  staleTimer ??= setTimeout(() => {
    if (!lostAt) setText(bar.querySelector("[data-text]"), t("No live connection yet. Calls do not appear here."));
    show(bar, true);
    document.body.classList.add("stale");
  }, STALE_AFTER_MS);
  if (status === "signed-out") askToSignIn();
  if (status === "forbidden") setText(bar.querySelector("[data-text]"), t("The live connection is not allowed for this account, or it has too many windows open."));
}

function showPbx() {
  const all = [...link.state.pbx.values()];
  const lost = all.filter((pbx) => pbx.state !== "connected");
  lamp("lamp-phone", !all.length ? "wait" : lost.length ? "bad" : "ok");
  const bar = document.getElementById("pbx-lost");
  const since = lost[0]?.since;
  const text = since ? t("Telephone link lost %(time)s: calls go on, but do not appear here.", { time: timeText(since) }) : t("Telephone link lost: calls go on, but do not appear here.");
  setText(bar.querySelector("[data-text]"), text);
  show(bar, lost.length > 0);
}

function showMyState() {
  const shown = document.getElementById("my-state");
  const mine = link.state.agent(me);
  if (!shown || !mine) return;
  shown.dataset.state = mine.state;
  setIcon(shown, stateIcon(mine.state));
  setText(shown.querySelector("[data-text]"), mine.state === "paused" && mine.reason ? t("%(state)s: %(reason)s", { state: word("agent_state", mine.state), reason: word("pause_reason", mine.reason) }) : word("agent_state", mine.state));
  countFrom(document.getElementById("my-state-timer"), mine.since);
}

async function changeMyState(button) {
  const { myState, reason } = button.dataset;
  button.closest("details").open = false;
  try {
    await api("POST", `/agents/${encodeURIComponent(me)}/${myState}`, reason ? { reason } : {});
  } catch (problem) {
    toast(problemText(problem));
  }
}

// --- appearance ---------------------------------------------------------------------------------------------------------

function chooseTheme(choice) {
  if (choice === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  document.cookie = `cti-theme=${choice}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  }
}

/** The language follows the person to other browsers; the link sets it in this one. */
async function rememberLanguage(choice) {
  await api("PATCH", "/me", { language: choice.hreflang }).catch(() => {});
  location.assign(choice.href);
}

// --- sign in again ------------------------------------------------------------------------------------------------------

const dialog = document.getElementById("sign-in-dialog");

/** Signed in already, perhaps in another tab? Then only the token is new; else ask, over the page. */
async function askToSignIn() {
  if (await renewedElsewhere()) link.reconnect();
  else if (!dialog.open) dialog.showModal();
}

async function renewedElsewhere() {
  const user = await renewToken();
  if (user === null) return false;
  if (user !== me) location.reload(); // somebody else sits here now
  if (dialog.open) dialog.close();
  return true;
}

/** The sign-in form of the server, filled in here: the page and what was typed stay. */
async function signInAgain(form) {
  const error = form.querySelector("[data-error]");
  show(error, false);
  try {
    const page = new DOMParser().parseFromString(await (await fetch("/login", { credentials: "same-origin" })).text(), "text/html");
    const csrf = page.querySelector("input[name=csrf]")?.value;
    if (csrf) {
      const body = new URLSearchParams({ user: form.elements.user.value, password: form.elements.password.value, phone: localStorage.getItem("cti.phone") ?? "", csrf, next: "/" });
      const answer = await fetch("/login", { method: "POST", body, credentials: "same-origin", redirect: "manual" });
      if (answer.type !== "opaqueredirect") {
        const refused = new DOMParser().parseFromString(await answer.text(), "text/html");
        setText(error, refused.getElementById("failure")?.textContent.trim() ?? t("Something went wrong. Try again."));
        show(error, true);
        return;
      }
    }
    form.elements.password.value = "";
    await renewedElsewhere();
    link.reconnect();
  } catch (problem) {
    setText(error, problemText(problem));
    show(error, true);
  }
}

function offerNewVersion() {
  const { version } = link.state;
  if (version && version !== document.body.dataset.version && !hasUnsaved() && !currentPop()) {
    chip("chip-version", t("A new version is here."), t("Load it"), () => location.reload());
  }
}

export function startShell() {
  link.on("status", showConnection);
  link.on("snapshot pbx", showPbx);
  link.on("snapshot agents", showMyState);
  link.on("snapshot", offerNewVersion);
  savedLamp.addEventListener("change", ({ detail }) => lamp("lamp-saved", !detail.waiting ? "ok" : detail.failed ? "bad" : "wait"));
  signedOut.addEventListener("signed-out", askToSignIn);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.getElementById("again-form").addEventListener("submit", (event) => {
    event.preventDefault();
    signInAgain(event.target);
  });
  document.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-theme-choice]");
    if (theme) chooseTheme(theme.dataset.themeChoice);
    const language = event.target.closest("#user-menu a[hreflang]");
    if (language) {
      event.preventDefault();
      rememberLanguage(language);
    }
    const state = event.target.closest("[data-my-state]");
    if (state) changeMyState(state);
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
}
