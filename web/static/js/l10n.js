// Texts, times and numbers in the page's language. The texts module is chosen by the server.
const { default: texts } = await import(document.body.dataset.texts);

const restDays = new Set((document.body.dataset.restDays ?? "").split(" "));
const people = JSON.parse(document.body.dataset.people ?? "{}");
const plural = new Intl.PluralRules(texts.tag);
const clock = new Intl.DateTimeFormat(texts.tag, { hour: "2-digit", minute: "2-digit", timeZone: texts.zone });
const clockWithSeconds = new Intl.DateTimeFormat(texts.tag, { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: texts.zone });
const day = new Intl.DateTimeFormat(texts.tag, { day: "numeric", month: "short", timeZone: texts.zone });
const due = new Intl.DateTimeFormat(texts.tag, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: texts.zone });
const dayNumber = new Intl.DateTimeFormat("en-CA", { timeZone: texts.zone });

const fill = (message, values) => message.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole)).replaceAll("%%", "%");

/** A text; `values` fill its %(name)s places. */
export function t(message, values = {}) {
  const found = texts.messages[message];
  return fill(typeof found === "string" ? found : message, values);
}

/** A text that depends on a number, which is also the place %(num)s. */
export function tn(one, many, count, values = {}) {
  const forms = texts.messages[one];
  const index = texts.plurals[plural.select(count)] ?? 1;
  const message = Array.isArray(forms) ? forms[index] ?? forms[0] : count === 1 ? one : many;
  return fill(message, { num: count, ...values });
}

/** Like t, but the places are filled with elements: the parts to append, in the language's own order. */
export function parts(message, values) {
  const found = texts.messages[message];
  const pieces = (typeof found === "string" ? found : message).split(/%\((\w+)\)s/);
  return pieces.map((piece, index) => (index % 2 ? values[piece] : piece)).filter((piece) => piece !== "" && piece !== null && piece !== undefined);
}

/** The label of a code, from the same table as the templates. */
export function word(kind, code) {
  return code === null || code === undefined ? "" : texts.words[kind]?.[code] ?? String(code).replaceAll("_", " ");
}

/** A language's name in the page's language. */
export function languageName(code) {
  try {
    return new Intl.DisplayNames(texts.tag, { type: "language" }).of(code);
  } catch {
    return code; // not a language tag
  }
}

/** A colleague as the others know them. */
export const person = (login) => people[login] ?? login;

/** A name inside a sentence, whatever its direction. */
export const isolated = (text) => `\u2068${text}\u2069`;

/** A task's title; those that the service makes itself are English in the store. */
export function taskTitle(task) {
  const lost = /^Call back(?:: (.*))?$/.exec(task.title ?? "");
  if (task.kind !== "callback" || !lost) return task.title || word("task_kind", task.kind);
  return lost[1] ? t("Call back: %(queue)s", { queue: lost[1] }) : word("task_kind", "callback");
}

/** The sentence of an API problem: by its stable code, else the server's own. */
export function problemText(problem) {
  if (problem.claimedBy) return t("In hand already: %(agent)s is calling.", { agent: isolated(person(problem.claimedBy)) });
  return texts.words.problem[problem.code] ?? texts.words.dial[problem.code] ?? problem.detail ?? t("Something went wrong. Try again.");
}

export const timeText = (at) => clock.format(new Date(at));
export const secondsText = (at) => clockWithSeconds.format(new Date(at));

/** Only the time today, else the day too. */
export function momentText(at) {
  const date = new Date(at);
  return dayNumber.format(date) === dayNumber.format(new Date()) ? clock.format(date) : `${day.format(date)} ${clock.format(date)}`;
}

/** Weekday, day and time of something to come. */
export const dueText = (at) => due.format(new Date(at));

/** The page's language without its country, as the API takes it. */
export const language = texts.tag.split("-")[0];

export const dayText = (at) => day.format(new Date(at));
export const isToday = (at) => dayNumber.format(new Date(at)) === dayNumber.format(new Date());

/** 4:12, or 1:02:03. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** The wall clock of the configured zone as the parts of a date. */
function wall(date) {
  const found = new Intl.DateTimeFormat("en-CA", { timeZone: texts.zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(date);
  const get = (type) => Number(found.find((part) => part.type === type).value);
  return [get("year"), get("month") - 1, get("day"), get("hour"), get("minute"), get("second")];
}

/** The moment at which the zone's clocks show this wall time. */
export function fromWall(year, month, date, hour = 0, minute = 0) {
  const wanted = Date.UTC(year, month, date, hour, minute);
  let moment = wanted;
  for (let round = 0; round < 2; round += 1) moment += wanted - Date.UTC(...wall(new Date(moment)));
  return new Date(moment);
}

/** When a due preset falls: 2h, tomorrow, workday, week. Nobody works at the weekend, on a holiday, or when closed. */
export function presetTime(code, now = new Date()) {
  if (code === "2h") return new Date(now.getTime() + 2 * 3600 * 1000);
  const [year, month, date] = wall(now);
  let ahead = code === "week" ? 7 : 1;
  const restDay = (days) => {
    const day = new Date(Date.UTC(year, month, date + days));
    return texts.weekend.includes((day.getUTCDay() + 6) % 7) || restDays.has(day.toISOString().slice(0, 10));
  };
  while (code !== "tomorrow" && restDay(ahead)) ahead += 1;
  return fromWall(year, month, date + ahead, code === "tomorrow" ? 10 : 9);
}

/** A datetime-local field's text as a moment of the configured zone. */
export function fieldTime(text) {
  const found = /^(\d+)-(\d+)-(\d+)T(\d+):(\d+)/.exec(text);
  return found ? fromWall(Number(found[1]), Number(found[2]) - 1, ...found.slice(3).map(Number)) : null;
}

/** A moment as a datetime-local field shows it. */
export function timeField(moment) {
  const [year, month, date, hour, minute] = wall(moment).map((part) => String(part).padStart(2, "0"));
  return `${year}-${String(Number(month) + 1).padStart(2, "0")}-${date}T${hour}:${minute}`;
}
