// Reminders: what is due now is said once, on the screen that was looked at last.
import { isolated, t, taskTitle } from "./l10n.js";
import { link } from "./link.js";
import { notify } from "./notify.js";
import { toast } from "./toasts.js";

const SECONDS = 60;
const me = document.body.dataset.user;

function remind(task) {
  if (!link.rings || (task.owner !== me && task.claimed_by !== me)) return;
  const title = isolated(taskTitle(task));
  const text = task.customer_name ? t("Due now: %(title)s, %(name)s", { title, name: isolated(task.customer_name) }) : t("Due now: %(title)s", { title });
  const path = task.lost_since ? "/lost" : task.customer_id ? `/customers/${task.customer_id}` : "/tasks";
  toast(text, { action: { label: t("Open"), run: () => location.assign(path) }, seconds: SECONDS });
  notify(t("Task due"), text, `task-${task.id}`);
}

export function startReminders() {
  link.on("due", ({ task }) => remind(task));
}
