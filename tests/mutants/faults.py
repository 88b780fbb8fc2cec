"""Faults that somebody could make in an honest mind, each in one place, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass

TRACKER = "tests/pbx/test_call_tracker.py"
PARTIES = "tests/pbx/test_call_parties.py"
OPENINGS = "tests/pbx/test_openings.py"
WAITS = "tests/pbx/test_queue_waits.py"
TRANSFERS = "tests/pbx/test_transfers.py"
PICKUPS = "tests/pbx/test_pickups.py"
PARKING = "tests/pbx/test_parking.py"
RESYNC = "tests/pbx/test_resync.py"
POPPER = "tests/screenpop/test_popper.py"


@dataclass(frozen=True, slots=True)
class Fault:
    """`old` stands exactly once in `file` and is replaced by `new`; then one of `tests` has to fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


FAULTS = (
    # --- who and how ---------------------------------------------------------------------------------------------------
    Fault(
        "who hung up is swapped",
        "pbx/call_tracker.py",
        "call.talk_ended_by, call.talk_ended_at = EndedBy.AGENT, at",
        "call.talk_ended_by, call.talk_ended_at = EndedBy.REMOTE, at",
        (TRACKER,),
    ),
    Fault(
        "a phone that declines ended the talk",
        "pbx/call_tracker.py",
        "elif leg.talk.running or leg.talk.just_ended(at, within_s=_LATE_REQUEST_S):",
        "else:",
        (TRANSFERS,),
    ),
    Fault(
        "a queue timeout counts as abandoned",
        "pbx/live_leg.py",
        "return QueueResult.ABANDONED if self.abandon_requested else QueueResult.TIMEOUT",
        "return QueueResult.ABANDONED",
        (WAITS,),
    ),
    Fault(
        "QUEUESTATUS is not believed",
        "pbx/live_leg.py",
        "if self.status in outcomes.QUEUE_STATUS:",
        "if self.status in outcomes.QUEUE_STATUS and self.connected:",
        (WAITS,),
    ),
    Fault(
        "an answered IVR is an answered call",
        "pbx/outcomes.py",
        "return CallOutcome.IVR_ONLY",
        "return CallOutcome.ANSWERED",
        ("tests/pbx/test_outcomes.py",),
    ),
    Fault(
        "NOANSWER is a verdict although the cause says declined",
        "pbx/outcomes.py",
        "        return LegResult.REJECTED\n    if cause == ANSWERED_ELSEWHERE",
        "        return LegResult.MISSED\n    if cause == ANSWERED_ELSEWHERE",
        ("tests/pbx/test_outcomes.py",),
    ),
    Fault(
        "losers of a ring group missed the call",
        "pbx/outcomes.py",
        "if cause == ANSWERED_ELSEWHERE or won_by_other:",
        "if cause == ANSWERED_ELSEWHERE and not won_by_other:",
        ("tests/pbx/test_outcomes.py",),
    ),
    Fault(
        "answered elsewhere, but nobody says by whom",
        "pbx/call_book.py",
        "        winner = call.winner_over(leg, at)\n",
        "        winner = None\n",
        (TRACKER,),
    ),
    Fault(
        "a restricted number is kept",
        "pbx/call_book.py",
        "            call.remote_raw = None\n            call.remote_name = None\n",
        "            call.remote_name = None\n",
        (TRACKER,),
    ),
    Fault(
        "a feature code is a call",
        "pbx/openings.py",
        "channel.originated = seen.state is ChannelState.DOWN\n",
        "channel.originated = seen.state is ChannelState.DOWN\n        call.announced = True\n",
        (OPENINGS,),
    ),
    # --- channels ------------------------------------------------------------------------------------------------------
    Fault(
        "DialEnd ANSWER is not heard",
        "pbx/call_tracker.py",
        'if event.status == "ANSWER" and leg is not None:',
        'if event.status == "ANSWERED" and leg is not None:',
        (PARTIES,),
    ),
    Fault(
        "the dead are not remembered",
        "pbx/channels.py",
        "        self._tombstones[uniqueid] = call_key\n",
        "",
        ("tests/pbx/test_channels.py",),
    ),
    Fault(
        "Local pairs are two lines",
        "pbx/channels.py",
        "other_half = self.get(member.local_peer)",
        "other_half = None if start else self.get(member.local_peer)",
        ("tests/pbx/test_channels.py",),
    ),
    Fault(
        "two devices of one agent are two offers",
        "pbx/call_parties.py",
        "(endpoint in leg.endpoints or (owner is not None and leg.agent == owner))",
        "endpoint in leg.endpoints",
        (TRACKER,),
    ),
    Fault(
        "the same join counts twice",
        "pbx/queue_waits.py",
        "or call.ended or (call.open_wait is not None and call.open_wait.queue == event.queue)",
        "or call.ended",
        (WAITS,),
    ),
    # --- times ---------------------------------------------------------------------------------------------------------
    Fault(
        "two talks at once count twice",
        "pbx/intervals.py",
        "total += max(0.0, end - max(start, reached))",
        "total += max(0.0, end - start)",
        ("tests/pbx/test_intervals.py",),
    ),
    Fault(
        "a churn of bridges cuts the talk",
        "pbx/intervals.py",
        "CHURN_GRACE_S = 2.0",
        "CHURN_GRACE_S = 0.0",
        (TRACKER,),
    ),
    Fault(
        "hold is never over",
        "pbx/call_tracker.py",
        "            leg.hold.stop(at)\n",
        "            pass\n",
        (TRACKER,),
    ),
    Fault(
        "waiting begins with the call, not in the queue",
        "pbx/live_call.py",
        "return seconds_between(self.waits[0].joined_at, end)",
        "return seconds_between(self.started_at, end)",
        (TRACKER, "tests/pbx/test_recordings.py"),
    ),
    # --- a lost link ---------------------------------------------------------------------------------------------------
    Fault(
        "a resync closes what still runs",
        "pbx/resync.py",
        "if channel.uniqueid not in present or snapshot.rebooted}",
        "if channel.uniqueid in present or snapshot.rebooted}",
        (RESYNC,),
    ),
    Fault(
        "one absence in a self-check closes the call",
        "pbx/resync.py",
        "gone = absent & self._absent_once if snapshot.self_check else absent",
        "gone = absent",
        (RESYNC,),
    ),
    Fault(
        "a call joined late does not say so",
        "pbx/resync.py",
        "        call.estimated = True\n        call.last_at = at\n",
        "        call.last_at = at\n",
        (RESYNC,),
    ),
    Fault(
        "a phone that rang at a lost link is missed",
        "pbx/resync.py",
        "leg.result = LegResult.FAILED if rebooted else LegResult.CANCELLED",
        "leg.result = LegResult.MISSED",
        (RESYNC,),
    ),
    # --- the wire ------------------------------------------------------------------------------------------------------
    Fault(
        "names are unescaped twice",
        "pbx/asterisk/ami_headers.py",
        "    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value)",
        "    value = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value)\n"
        "    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), value)",
        ("tests/pbx/asterisk/test_ami_events.py",),
    ),
    Fault(
        "an Originate that got no answer is sent again",
        "pbx/asterisk/ami_commands.py",
        "            self._release(request.agent, request.channel_id)\n            raise\n",
        "            self._release(request.agent, request.channel_id)\n            raise\n"
        "        except Exception:\n            await self._client.action(fields, timeout_s=self._timeout_s)\n",
        ("tests/pbx/asterisk/test_ami_commands.py",),
    ),
    Fault(
        "a double click dials twice",
        "pbx/asterisk/ami_commands.py",
        "        if until > now:\n",
        "        if until > now + 3600:\n",
        ("tests/pbx/asterisk/test_ami_commands.py",),
    ),
    Fault(
        "an observer's link sends commands",
        "pbx/asterisk/ami_client.py",
        'if self.config.observe and fields.get("Action") not in READ_ONLY_ACTIONS:',
        'if not self.config and fields.get("Action") not in READ_ONLY_ACTIONS:',
        ("tests/pbx/asterisk/test_ami_client.py::test_observer_sends_nothing_that_changes_the_pbx",),
    ),
    # --- transfers, pickup, parking ------------------------------------------------------------------------------------
    Fault(
        "a transfer that failed counts",
        "pbx/transfers.py",
        "if event.result != _DONE or call is None or call.parked.running:",
        "if call is None or call.parked.running:",
        (TRANSFERS,),
    ),
    Fault(
        "who transferred ended the call",
        "pbx/call_tracker.py",
        "if not leg.handed_over:",
        "if leg.talk.ever:",
        (TRANSFERS,),
    ),
    Fault(
        "the older call is always the customer's",
        "pbx/transfers.py",
        "(second, first) if _was_asked_first(first, second) else (first, second)",
        "(first, second)",
        (TRANSFERS,),
    ),
    Fault(
        "a consultation stays a record of its own",
        "pbx/transfers.py",
        "self._book.fold(asked, call, at)",
        "self._book.touch(call, at)",
        (TRANSFERS,),
    ),
    Fault(
        "a dial taken over from the asker rings another phone",
        "pbx/call_tracker.py",
        "            self._transfers.rings_on(dest, call, at)\n",
        "",
        (TRANSFERS,),
    ),
    Fault(
        "who puts three together leaves",
        "pbx/transfers.py",
        "stays=event.dest_type == _THREE_WAY,",
        "stays=False,",
        (TRANSFERS,),
    ),
    Fault(
        "a transfer completed in the gap is not seen",
        "pbx/resync.py",
        "            self._parties.transfers.joined_unseen(call, at)\n",
        "",
        (TRANSFERS,),
    ),
    Fault(
        "a mobile that stands for a colleague is a third party",
        "pbx/call_parties.py",
        "if leg.forward and _leads_to(leg.forward, through)",
        "if leg.forward and not through",
        (PARTIES,),
    ),
    Fault(
        "the phone that lost the call to a picker has missed it",
        "pbx/pickups.py",
        "other.result = LegResult.ANSWERED_ELSEWHERE",
        "other.result = LegResult.MISSED",
        (PICKUPS,),
    ),
    Fault(
        "a call picked up out of a queue is no queue's",
        "pbx/pickups.py",
        "leg.queue = rang.queue",
        "leg.queue = None",
        (PICKUPS,),
    ),
    Fault(
        "a supervisor who listens in makes a record",
        "pbx/pickups.py",
        "self._book.drop(own, at)",
        "self._book.touch(own, at)",
        (PICKUPS,),
    ),
    Fault(
        "parking by transfer is a transfer",
        "pbx/parking.py",
        "        self._transfers.parked(call)\n",
        "",
        (PARKING,),
    ),
    Fault(
        "an agent's open line keeps the call open",
        "pbx/parking.py",
        "self._book.release(channel, call, at)",
        "self._book.touch(call, at)",
        (PARKING,),
    ),
    Fault(
        "parked callers hear each other",
        "pbx/channels.py",
        "if channel.bridge is None or channel.bridge in self._holding:",
        "if channel.bridge is None:",
        ("tests/pbx/test_channels.py",),
    ),
    # --- agents --------------------------------------------------------------------------------------------------------
    Fault(
        "paused in one queue is paused in all",
        "pbx/agents.py",
        "all(member.paused for member in members)",
        "any(member.paused for member in members)",
        ("tests/pbx/test_agents.py",),
    ),
    # --- who is it -----------------------------------------------------------------------------------------------------
    Fault(
        "a guess by the last digits is opened",
        "crm_store/caller_lookup.py",
        "alone = len(ranked) == 1 and tier is not MatchReason.SUFFIX",
        "alone = len(ranked) == 1",
        ("tests/crm_store/test_caller_lookup.py",),
    ),
    Fault(
        "a withheld number is looked up",
        "crm_store/phone_numbers.py",
        "    if restricted:\n        return _WITHHELD\n",
        "",
        ("tests/crm_store/test_phone_numbers.py",),
    ),
    Fault(
        "whoever gave up at once is called back",
        "crm_store/lost_calls.py",
        "return seconds is None or seconds >= short_abandon_s",
        "return seconds is None or seconds >= 0.0",
        ("tests/crm_store/test_lost_calls.py",),
    ),
    Fault(
        "who presses second takes the lost call from who pressed first",
        "crm_store/sql/tasks.py",
        "    if before.claimed_by not in (None, user):\n",
        "    if before.claimed_by is None and user is None:\n",
        ("tests/contracts/test_store_tasks.py",),
    ),
    Fault(
        "what is lost at night is due at night",
        "crm_store/opening_hours.py",
        "return (hours.next_opening(at) if hours is not None else None) or at",
        "return at",
        ("tests/crm_store/test_opening_hours.py",),
    ),
    Fault(
        "a reminder is told again and again",
        "crm_store/sql/tasks.py",
        "tasks.c.due_at <= now, ~told, whose)",
        "tasks.c.due_at <= now, whose)",
        ("tests/contracts/test_store_tasks.py",),
    ),
    # --- the screen ----------------------------------------------------------------------------------------------------
    Fault(
        "every agent of the call sees the offer of each",
        "screenpop/popper.py",
        '        return [PopMessage(user, "pop.show", pop.to_json())]\n',
        '        everybody = {leg.agent for leg in live.call.legs if leg.agent} | {user, "jan", "rut"}\n'
        '        return [PopMessage(name, "pop.show", pop.to_json()) for name in sorted(everybody)]\n',
        (POPPER,),
    ),
    Fault(
        "a pop is retracted without its reason",
        "screenpop/popper.py",
        '"reason": reason.value,',
        '"reason": RetractReason.DISMISSED.value,',
        (POPPER,),
    ),
    Fault(
        "anybody may dismiss anybody's pop",
        "screenpop/popper.py",
        "if shown is not None and shown.pop.user == user and shown.visible else None",
        "if shown is not None and shown.visible else None",
        (POPPER,),
    ),
)
