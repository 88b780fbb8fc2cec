// Notes that only this browser has, of calls that are no longer on the screen: a crash in the wrap-up, a server that was away.
import { api } from "./api.js";
import { t } from "./l10n.js";
import { link } from "./link.js";
import { forgetDraft, strandedDrafts } from "./note_saver.js";
import { chip } from "./notify.js";
import { toast } from "./toasts.js";

const AFTER_MS = 2000; // a call that is still on the screen saves its own

const path = (call) => `/calls/${encodeURIComponent(call)}`;

/** Save what nobody else wrote on meanwhile; of the rest, say where both texts are shown. */
async function bringHome(draft) {
  try {
    const { data } = await api("GET", `${path(draft.call)}/note`);
    if (data.text !== draft.text) {
      if (data.version > draft.base && !(draft.sent ?? []).includes(data.text)) return tell(draft.call);
      await api("PUT", `${path(draft.call)}/note`, { text: draft.text }, { ifMatch: data.version });
      toast(t("A note that was not saved when the page was left is saved now."));
    }
    forgetDraft(draft.call, draft.text);
  } catch {
    // kept for two days: the next page tries again
  }
  return undefined;
}

const tell = (call) =>
  chip(`draft-${call}`, t("A note of yours was changed elsewhere before it was saved."), t("Show both"), () => location.assign(`/calls/${encodeURIComponent(call)}`));

export function startDrafts() {
  let begun = false;
  link.on("snapshot", () => {
    if (begun) return;
    begun = true;
    setTimeout(() => {
      const shown = new Set([...[...link.state.pops.values()].map((pop) => pop.call.id), ...[...document.querySelectorAll("[data-call-editor]")].map((one) => one.dataset.callEditor)]);
      strandedDrafts(shown).forEach(bringHome);
    }, AFTER_MS);
  });
}
