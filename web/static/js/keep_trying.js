// Saving that does not give up at once: the server or the network may be a moment away.
import { Problem } from "./api.js";
import { problemText } from "./l10n.js";
import { toast } from "./toasts.js";

const ROUNDS = 5;
const FIRST_PAUSE_MS = 400;

const passing = (problem) => problem instanceof Problem && (problem.status === 0 || problem.status >= 500);

/** Try an action until it works or the trouble is no passing one; then say so. Resolves to whether it worked. */
export async function keepTrying(action) {
  for (let round = 1; ; round += 1) {
    try {
      await action();
      return true;
    } catch (problem) {
      if (!passing(problem) || round === ROUNDS) {
        toast(problemText(problem));
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (round - 1)));
    }
  }
}
