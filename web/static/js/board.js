// Queues and agents as they are now: the small lists of the desktop and the supervisor's page.
import { api } from "./api.js";
import { controlsOn, el, icon, name, show, setText, tel } from "./dom.js";
import { duration, problemText, secondsText, t, tn, word } from "./l10n.js";
import { link } from "./link.js";
import { stateIcon } from "./shell.js";
import { countFrom, everySecond } from "./timers.js";
import { toast } from "./toasts.js";

const WAIT_WARN_S = 20;
const WAIT_BAD_S = 60;
const me = document.body.dataset.user;
const board = document.querySelector("[data-live-board]");

const waiting = (queue) => queue.callers?.length ?? queue.waiting ?? 0;
const oldest = (queue) => (queue.callers ?? []).map((caller) => caller.joined_at).filter(Boolean).sort()[0] ?? null;
/** A queue is named by its label; with several telephone systems by that one's name too, because both may have a queue 600. */
const queueName = (queue) => [name(queue.label ?? queue.name), ...(link.state.pbx.size > 1 ? [" ", el("span", { class: "muted small" }, name(queue.pbx))] : [])];
const secondsSince = (at) => (at ? (link.now() - Date.parse(at)) / 1000 : 0);
const level = (seconds) => (seconds > WAIT_BAD_S ? "bad" : seconds > WAIT_WARN_S ? "warn" : "");

function stateLabel(agent) {
  const text = agent.state === "paused" && agent.reason ? t("%(state)s: %(reason)s", { state: word("agent_state", "paused"), reason: word("pause_reason", agent.reason) }) : word("agent_state", agent.state);
  return el("span", { class: "state", "data-state": agent.state }, icon(stateIcon(agent.state)), text);
}

function timer(at, attributes = {}) {
  const element = el("span", { class: "timer", ...attributes });
  countFrom(element, at);
  return element;
}

// --- the desktop's lists ------------------------------------------------------------------------------------------------

function showMyQueues() {
  const place = document.getElementById("my-queues");
  if (!place) return;
  const mine = [...link.state.agents.values()].filter((agent) => agent.name === me && agent.queues?.length);
  const queues = [...link.state.queues.values()].filter((queue) => !mine.length || mine.some((agent) => agent.pbx === queue.pbx && agent.queues.includes(queue.name)));
  const rows = queues.map((queue) => {
    const count = waiting(queue);
    const first = oldest(queue);
    return el("li", {}, el("span", { class: "grow" }, ...queueName(queue)),
      el("span", { class: count ? "badge warn" : "badge" }, icon("clock"), tn("%(num)s waiting", "%(num)s waiting", count)), first ? timer(first) : null);
  });
  place.replaceChildren(...(rows.length ? rows : [el("li", { class: "muted" }, t("You are in no queue."))]));
}

function showColleagues() {
  const place = document.getElementById("colleagues");
  if (!place) return;
  const others = [...link.state.agents.values()].filter((agent) => agent.name !== me);
  show(document.getElementById("colleagues-box"), others.length > 0);
  place.replaceChildren(...others.map((agent) => el("li", {}, el("span", { class: "grow" }, name(agent.display_name ?? agent.name)), stateLabel(agent))));
}

// --- the supervisor's page ----------------------------------------------------------------------------------------------

const cell = (label, content, css = "") => el("td", { class: css, "data-label": label }, content);

function queueRow(queue) {
  const first = oldest(queue);
  const wait = first ? timer(first, { class: `timer ${level(secondsSince(first))}` }) : "–";
  const states = queue.agents ?? {};
  const count = (state) => String(states[state] ?? 0);
  return el("tr", {}, el("td", { class: "wide" }, el("strong", {}, ...queueName(queue)), queue.stale ? [" ", el("span", { class: "badge warn" }, t("not up to date"))] : null),
    cell(t("Waiting"), el("span", { class: waiting(queue) ? "warn" : "" }, String(waiting(queue))), "end num"), cell(t("Longest wait"), wait, "end num"),
    cell(t("Talking"), String(queue.talking ?? count("talking")), "end num"), cell(t("Ready"), count("ready"), "end num"), cell(t("Ringing"), count("ringing"), "end num"),
    cell(t("Wrap-up"), count("wrap_up"), "end num"), cell(t("Paused"), count("paused"), "end num"));
}

const BROWSERS = { connected: () => ["ok", t("open")], asleep: () => ["warn", t("asleep")], none: () => ["", t("closed")] };

function agentRow(agent) {
  const [tone, text] = (BROWSERS[agent.browser] ?? BROWSERS.none)();
  const labels = (agent.queues ?? []).map((queue) => link.state.queues.get(`${agent.pbx}:${queue}`)?.label ?? queue);
  const row = el("tr", { "data-row": true, tabindex: "-1" }, el("td", { class: "wide" }, el("strong", {}, name(agent.display_name ?? agent.name))),
    cell(t("State"), stateLabel(agent)), cell(t("Since"), agent.since ? timer(agent.since) : "–", "end num"),
    cell(t("Queues"), labels.flatMap((label, index) => (index ? [", ", name(label)] : [name(label)])), "wide"),
    cell(t("Phone"), tel((agent.endpoint ?? "").split("/").at(-1))), cell(t("Screen"), el("span", { class: `badge ${tone}` }, text)));
  if (controlsOn) row.append(el("td", {}, pauseButton(agent)));
  return row;
}

function pauseButton(agent) {
  const paused = agent.state === "paused";
  if (!agent.pbx || agent.state === "offline") return "";
  const [to, text, key] = paused ? ["off", t("Unpause"), "R"] : ["on", t("Pause"), "P"];
  return el("button", { type: "button", class: "button small", "data-set-pause": to, "aria-keyshortcuts": key, title: `${text} (${key})`, onclick: () => setPause(agent, !paused) }, text);
}

async function setPause(agent, paused) {
  try {
    await api("POST", `/agents/${encodeURIComponent(agent.name)}/${paused ? "pause" : "unpause"}`, paused ? { reason: "supervisor" } : {});
  } catch (problem) {
    toast(problemText(problem));
  }
}

function callerRow({ queue, caller }) {
  return el("li", {}, icon("clock"), el("span", { class: "grow" }, ...queueName(queue)), el("span", { class: "badge" }, t("position %(number)s", { number: caller.position })),
    caller.joined_at ? timer(caller.joined_at) : null);
}

function tile(code, value, state, text) {
  const element = board.querySelector(`[data-tile="${code}"]`);
  setText(element.querySelector("[data-value]"), value);
  setText(element.querySelector("[data-word]"), text);
  if (state) element.dataset.level = state;
  else delete element.dataset.level;
}

function showTiles() {
  if (!board) return;
  const queues = [...link.state.queues.values()];
  const agents = [...link.state.agents.values()];
  const count = queues.reduce((sum, queue) => sum + waiting(queue), 0);
  const first = queues.map(oldest).filter(Boolean).sort()[0] ?? null;
  const seconds = secondsSince(first);
  const ready = agents.filter((agent) => agent.state === "ready").length;
  const word_ = { bad: t("very long"), warn: t("long"), "": "" };
  const crowd = count > ready ? "bad" : count ? "warn" : "";
  tile("waiting", String(count), crowd, crowd === "bad" ? t("more than ready agents") : "");
  tile("longest", first ? duration(seconds) : "–", level(seconds), word_[level(seconds)]);
  tile("talking", String(agents.filter((agent) => agent.state === "talking" || agent.state === "hold").length), "", "");
  tile("ready", String(ready), "", t("of %(count)s", { count: agents.filter((agent) => agent.state !== "offline").length }));
  for (const row of document.querySelectorAll("#board-queue-rows .timer[data-since]")) row.className = `timer ${level(secondsSince(row.dataset.since))}`;
}

function showBoard() {
  if (!board) return;
  const queues = [...link.state.queues.values()].sort((one, other) => String(one.label).localeCompare(String(other.label)));
  document.getElementById("board-queue-rows").replaceChildren(...queues.map(queueRow));
  const none = document.getElementById("no-queues");
  show(none, queues.length === 0);
  setText(none, t("The telephone system has no queues, or none is known yet."));
  const focused = document.activeElement.closest?.("#board-agent-rows tr") ? [...document.querySelectorAll("#board-agent-rows tr")].indexOf(document.activeElement.closest("tr")) : -1;
  const place = document.getElementById("board-agent-rows");
  const inButton = document.activeElement.matches?.("button");
  const agents = [...link.state.agents.values()].sort((one, other) => String(one.display_name).localeCompare(String(other.display_name)));
  place.replaceChildren(...agents.map(agentRow));
  if (focused >= 0) (inButton ? place.children[focused]?.querySelector("button") : place.children[focused])?.focus();
  const callers = queues.flatMap((queue) => (queue.callers ?? []).map((caller) => ({ queue, caller }))).sort((one, other) => String(one.caller.joined_at).localeCompare(String(other.caller.joined_at)));
  document.getElementById("board-caller-rows").replaceChildren(...callers.map(callerRow));
  show(document.getElementById("no-callers"), callers.length === 0);
  showTiles();
}

function showAsOf() {
  const live = link.status === "live";
  setText(document.getElementById("live-as-of"), live ? t("live") : link.state.asOf ? t("No live data since %(time)s", { time: secondsText(link.state.asOf) }) : "");
}

export function startBoard() {
  link.on("snapshot queues agents", () => {
    showMyQueues();
    showColleagues();
    showBoard();
  });
  if (!board) return;
  everySecond(showTiles);
  link.on("status", showAsOf);
}
