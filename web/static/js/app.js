// The signed-in pages: everything starts here.
import { startBoard } from "./board.js";
import { startCustomerForm } from "./customer_form.js";
import { startDial } from "./dial.js";
import { startDrafts } from "./drafts.js";
import { startEffort } from "./effort.js";
import { startKeyboard } from "./keyboard.js";
import { link } from "./link.js";
import { startNotify } from "./notify.js";
import { startPageParts } from "./page_parts.js";
import { currentPop, startPops } from "./pops.js";
import { startReminders } from "./reminders.js";
import { startShell } from "./shell.js";
import { startTaskRows } from "./task_rows.js";
import { startTasks } from "./tasks.js";
import { toast } from "./toasts.js";

startShell();
startPops();
startDial();
startDrafts();
startBoard();
startPageParts();
startTasks();
startTaskRows();
startReminders();
startCustomerForm();
startNotify();
startEffort(() => currentPop()?.pop.call.id);
startKeyboard();
link.start();

const kept = sessionStorage.getItem("cti.toast");
if (kept) {
  sessionStorage.removeItem("cti.toast");
  toast(kept);
}
document.documentElement.dataset.ready = "yes";
