"""Writes docs/mutation-survey.md out of the survey's results and the judgements: `python -m tests.mutants.survey_page`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.mutants.judged import JUDGED, Judged, Mark
from tests.mutants.survey import RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "mutation-survey.md"

_HEAD = """\
# Mutation survey

Somebody changes one comparison in the tracker by mistake: does a test turn red? Here every such change that a tool can think of
was made, one at a time, and the tests of `tests/pbx` were run against it. A change that no test noticed has *survived*. Each
survivor was looked at: either it is *equivalent* (the calls come out the same whatever happens), or a test was written, or it is
listed as *open* with the reason.

`tests/mutants/faults.py` is the other half: faults in a telephony person's words, each of which `make test` proves to be noticed.

## What is changed

- a comparison to its opposite or its neighbour (`is` / `is not`, `==` / `!=`, `in` / `not in`, `<` / `<=`, `>` / `>=`),
- `and` / `or`, one operand less, a `not` less, `+` / `-`, `|` / `&`,
- a condition to always and to never; one arm of `x if c else y`; one filter of a comprehension less,
- numbers, texts, `True` / `False`, default values; a state to the next one of its kind (`LegResult.MISSED`),
- `any` / `all`, `min` / `max`, `reversed` and `sorted` left out, two arguments of the same kind in the other order,
- a statement less (a call, an assignment that somebody sees later, an early `return`), a result to None,
- one row of a table or one member of a set less.

## How to run it

```
python -m tests.mutants.survey                     every module that it knows (hours)
python -m tests.mutants.survey pbx/transfers.py    one module
python -m tests.mutants.survey --survivors         only those that survived the last time, after tests were added
python -m tests.mutants.survey_page                this page, from tests/mutants/survey.json and tests/mutants/judged.toml
```

The tests run once, to see which lines each of them reaches. Then each mutant is a forked process of its own in which the tests
that reach its lines run until one fails: those of the module's own files first, then fast ones, at most `--budget` seconds of them.
A mutant that hangs counts as killed. Left out is what takes most of the time and compares records only with each other
(`tests/pbx/test_variations.py`) or looks at words (`tests/pbx/test_explain.py`). Nothing is written into the checkout.
"""


def page(results: dict[str, Any], judged: Iterable[Judged]) -> str:
    """The whole page."""
    known = {(one.module, one.function, change): one for one in judged for change in one.changes}
    parts = [_HEAD, "## What was found\n", _table(results, known)]
    parts.append(
        "\nA module that is not in the table was not surveyed yet. The share is that of the killed among those tried\n"
        "that are not equivalent. A change to a module is not in its figures before it is surveyed again.\n\n"
        "## The survivors\n\nChanges are told by function and source text: line numbers move.\n"
    )
    for module, found in results.items():
        if found["survivors"]:
            parts.append(f"\n### `{module}`\n\n" + "".join(_survivors(module, found, known)))
    return "\n".join(parts).replace("\n\n\n", "\n\n")


def _table(results: dict[str, Any], known: dict[tuple[str, str, str], Judged]) -> str:
    rows = ["| Module | Mutants | Tried | Killed | Survived | of these equivalent | open | Share killed |"]
    rows.append("|---|--:|--:|--:|--:|--:|--:|--:|")
    whole = [0] * 6
    for module, found in results.items():
        marks = [known[key].mark for key in _keys(module, found) if key in known]
        equivalent = marks.count(Mark.EQUIVALENT)
        survived = len(found["survivors"])
        counts = [found["mutants"], found["tried"], found["killed"], survived, equivalent, survived - equivalent]
        whole = [one + other for one, other in zip(whole, counts, strict=True)]
        rows.append(_row(f"`{module}`", counts))
    return "\n".join([*rows, _row("all", whole)]) + "\n"


def _row(name: str, counts: list[int]) -> str:
    _, tried, killed, _, equivalent, _ = counts
    share = 100 * killed / (tried - equivalent) if tried > equivalent else 100.0
    return f"| {name} | " + " | ".join(map(str, counts)) + f" | {share:.1f} % |"


def _keys(module: str, found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(module, one["function"], one["change"]) for one in found["survivors"]]


def _survivors(module: str, found: dict[str, Any], known: dict[tuple[str, str, str], Judged]) -> Iterator[str]:
    """Those that share a reason are told together."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for key in _keys(module, found):
        verdict = known.get(key)
        mark, why = (verdict.mark.value, verdict.why) if verdict else ("not judged", "")
        together.setdefault((key[1], mark, why), []).append(key[2])
    for (function, mark, why), changes in together.items():
        yield f"- `{function}`, **{mark}**{': ' if why else ''}{why}\n"
        for change in changes:
            before, _, after = change.partition(" → ")
            yield f"  - `{before}` → `{after}`\n"


def written() -> str:
    """The page as it has to be now."""
    return page(json.loads(RESULTS.read_text(encoding="utf-8")), JUDGED)


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
