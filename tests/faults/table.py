"""Which test shows which fault. R-numbers are those of the project's reliability paper; `make faults` prints the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_HERE = "tests/faults/"
_LIVE = "tests/asterisk/"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault. `tests` print their findings here; `also` are tests elsewhere that show more of it, for instance live."""

    fault: str
    tests: tuple[str, ...]
    also: tuple[str, ...] = ()


def _row(fault: str, *tests: str, also: tuple[str, ...] = ()) -> Row:
    return Row(fault, tuple(_HERE + test for test in tests), also)


TABLE: Mapping[str, Row] = {
    "R1": _row(
        "kill -9 at random under many calls",
        "test_killed.py::test_two_hundred_calls_survive_kill_9",
        also=(_LIVE + "test_killed.py::test_every_call_has_one_record_though_our_process_is_killed",),
    ),
    "R2": _row(
        "kill -9 between journal and database",
        "test_killed.py::test_a_death_between_journal_and_database_loses_nothing_for_ever",
    ),
    "R3": _row(
        "TCP reset in mid-call",
        "test_link.py::test_a_cut_link",
        also=(
            _LIVE + "test_link_lost.py::test_a_short_cut_changes_nothing",
            _LIVE + "test_link_lost.py::test_calls_that_go_on_over_five_seconds_keep_their_records",
            _LIVE + "test_link_lost.py::test_the_talk_ends_and_the_waiting_caller_is_answered_inside_the_gap",
        ),
    ),
    "R4": _row(
        "half-open link",
        "test_link.py::test_a_peer_that_went_silent",
        "test_real_asterisk.py::test_a_frozen_link_is_replaced",
    ),
    "R5": _row(
        "Asterisk restarts, Uniqueids come again",
        "test_link.py::test_asterisk_begins_anew_and_counts_from_the_start",
        also=(_LIVE + "test_killed.py::test_what_runs_when_asterisk_is_killed_is_closed_and_the_gap_is_written",),
    ),
    "R6": _row("queues reloaded while away", "test_link.py::test_queues_and_members_changed_while_we_were_away"),
    "R7": _row("wrong secret, then corrected", "test_link.py::test_a_wrong_secret_then_the_right_one"),
    "R8": _row("the AMI user lacks a class", "test_link.py::test_a_class_that_the_user_lacks_is_named"),
    "R10": _row(
        "a browser sleeps",
        "test_browser.py::test_a_browser_that_sleeps",
        also=(
            "tests/screenpop/test_session.py::test_what_a_screen_has_equals_a_fresh_snapshot_whatever_happened_to_its_connection",
        ),
    ),
    "R11": _row("disk full", "test_database.py::test_a_full_disk"),
    "R12": _row("database locked", "test_database.py::test_a_locked_database"),
    "R13": _row(
        "database read-only or corrupt",
        "test_database.py::test_a_database_that_cannot_be_used_is_refused_with_a_sentence",
    ),
    "R14": _row("clocks", "test_told_otherwise.py::test_the_records_are_the_same"),
    "R15": _row("storm", "test_garbage.py::test_a_storm", also=(_LIVE + "test_load.py",)),
    "R16": _row("events twice", "test_told_otherwise.py::test_the_records_are_the_same"),
    "R17": _row(
        "events in other orders",
        "test_told_otherwise.py::test_the_records_are_the_same",
        also=("tests/pbx/test_variations.py::test_another_order_of_different_channels_changes_nothing",),
    ),
    "R18": _row("events lost", "test_told_otherwise.py::test_lost_events_leave_no_call_open"),
    "R19": _row("garbage", "test_garbage.py::test_garbage"),
    "R20": _row("odd events", "test_told_otherwise.py::test_the_records_are_the_same"),
    "R21": _row("a bug in our handler", "test_told_otherwise.py::test_the_records_are_the_same"),
    "R22": _row(
        "the link breaks around an Originate",
        "test_dialling.py::test_an_originate_is_sent_at_most_once",
        "test_dialling.py::test_a_click_whose_answer_was_lost_is_found_again_by_its_channel",
        also=(_LIVE + "test_click_to_dial.py::test_a_double_click_dials_once_and_a_lost_link_never_again",),
    ),
    "R23": _row("SIGTERM with running calls", "test_killed.py::test_nobody_stays_paused_because_of_us"),
    "R26": _row("systems with equal Uniqueids", "test_told_otherwise.py::test_the_records_are_the_same"),
    "R29": _row(
        "backup while writing, restore", "test_database.py::test_a_backup_taken_in_the_middle_of_the_work_is_whole"
    ),
    "R30": _row("Asterisk stays in boot", "test_link.py::test_a_pbx_that_stays_in_boot"),
    "pauses": _row(
        "pauses are released at their end, at start, on SIGTERM",
        "test_killed.py::test_nobody_stays_paused_because_of_us",
        "test_real_asterisk.py::test_nobody_stays_paused_because_of_us",
        also=(
            "tests/ctiserver/test_wrap_up_pauses.py",
            "tests/ctiserver/test_cli_pbx.py",
            _LIVE + "test_observer.py::test_nothing_of_the_pbx_changes",
        ),
    ),
}
