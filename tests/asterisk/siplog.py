"""SIPp's message logs as SIP calls: who invited whom, when it rang, was answered and ended, and who ended it."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.asterisk.plan import NOWHERE, TRANSFER_KEYS_S

# The one SIPp that plays all phones of the load test: whose phone it is stands in what was dialled.
BANK = "bank"
# Feature codes of conf/features.conf. "threeway" and "resume" work within a consultation that "inside" began.
FEATURES = {"##": "blind", "*2": "inside", "*3": "threeway", "*1": "resume"}
# Keys pressed further apart belong to different codes.
PAUSE_S = 1.5
NOW_S = 0.1
REFUSED = ("SIP/2.0 4", "SIP/2.0 5", "SIP/2.0 6")
_HEAD = re.compile(r"-{20,} (\S+?Z)\n(?:UDP|TCP|TLS) message (sent|received) .*?:\n\n", re.DOTALL)
_USER = re.compile(r'^(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<]*?))\s*<sips?:(?:(?P<user>[^@>;]*)@)?')


@dataclass(frozen=True, slots=True)
class Referral:
    """A transfer asked for by a phone; `replaces` is the Call-ID of its consultation, None when blind."""

    at: float
    target: str
    replaces: str | None = None
    # "blind" (REFER, feature code, action), "inside" (the PBX itself calls the target for a consultation), "threeway",
    # "ended" (the talk only, by *), "resume" (back from such a consultation), "joined" (both are in a conference).
    how: str = "blind"


@dataclass(slots=True, kw_only=True)
class SipCall:
    """One call as one SIPp party saw it; times are seconds since 1970, None for what did not happen."""

    # Endpoint or trunk whose log it is, and whether it dialled ("calling") or was dialled ("answering").
    party: str
    kind: str
    call_id: str
    invited_at: float
    # From the INVITE: what the caller shows, and the user part that was dialled.
    number: str
    name: str
    dialled: str
    # A number that only the network shall see (P-Asserted-Identity).
    asserted: str | None = None
    rang_at: float | None = None
    status: int | None = None
    status_at: float | None = None
    # "self": this party sent the BYE or CANCEL; "pbx": it got one.
    bye_by: str | None = None
    cancel_by: str | None = None
    ended_at: float | None = None
    digits: list[str] = field(default_factory=list)
    # When a feature code was complete, and when the last key was pressed.
    coded_at: float | None = None
    pressed_at: float | None = None
    referrals: list[Referral] = field(default_factory=list)
    # Begin and end of each hold by this phone; an open one ends with the call or its transfer.
    holds: list[list[float]] = field(default_factory=list)
    # Where a phone that answers 302 sends the call.
    forward_to: str | None = None
    # When Asterisk told that a transfer did not work.
    refused_at: list[float] = field(default_factory=list)
    # When the phone hung up by phone_keys.py.
    left_at: float | None = None
    # The Call-ID of a ringing call that this one picks up (Replaces).
    replaces: str | None = None

    @property
    def answered_at(self) -> float | None:
        """When it was picked up."""
        return self.status_at if self.status == 200 else None

    @property
    def end(self) -> float:
        """When it was over; the last moment known for a call that was cut off."""
        return self.ended_at or self.status_at or self.rang_at or self.invited_at


def read_calls(log_dir: Path) -> list[SipCall]:
    """Every call in the logs of a folder, oldest first."""
    calls: list[SipCall] = []
    for path in sorted(log_dir.glob("*.log")):
        party, kind, _ = path.stem.rsplit(".", 2)
        if kind != "keys":
            calls += _read_log(path, party, kind)
    for path in sorted(log_dir.glob("*.keys.*.log")):
        _read_keys(path, {call.call_id: call for call in calls if call.party == path.name.partition(".")[0]})
    for fact in facts_of(log_dir):
        if fact["how"] != "withdrawn":
            _told(fact, calls)
    return sorted(calls, key=lambda call: call.invited_at)


def facts_of(log_dir: Path) -> list[dict[str, Any]]:
    """What the scenario did that no phone could see (lab.py, `Lab.tell`)."""
    path = log_dir / "told.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _told(fact: dict[str, Any], calls: list[SipCall]) -> None:
    """A transfer that the PBX was asked for over AMI, noted in the call that the phone had then."""
    up = [call for call in calls if call.party == fact["phone"] and (call.answered_at or math.inf) < fact["at"]]
    call = max(up, key=lambda call: call.invited_at)
    call.referrals.append(Referral(fact["at"], fact["target"], how=fact["how"]))
    call.referrals.sort(key=lambda referral: referral.at)


def _read_log(path: Path, party: str, kind: str) -> list[SipCall]:
    calls: dict[str, SipCall] = {}
    for at, sent, text in messages_of(path):
        first, _, rest = text.partition("\n")
        headers = headers_of(rest)
        call_id = headers.get("call-id", "")
        if first.startswith("INVITE ") and call_id not in calls:
            calls[call_id] = _invited(party, kind, call_id, at, first, headers)
        elif call_id in calls:
            _follow(calls[call_id], at, sent, first, headers, rest)
    return list(calls.values())


def _read_keys(path: Path, calls: dict[str, SipCall]) -> None:
    """What phone_keys.py has sent in the calls of one phone."""
    for at, sent, text in messages_of(path):
        headers = headers_of(text.partition("\n")[2])
        call = calls.get(headers.get("call-id", ""))
        if call is None:
            continue
        if sent:
            _key(call, at, headers, text)
        elif text.startswith(REFUSED) and headers["cseq"].endswith("REFER"):
            call.referrals.pop()
    for call in calls.values():
        _resume(call, call.end)
        for at in call.refused_at:
            # Told in the same moment; a refusal later is the target's own.
            call.referrals = [referral for referral in call.referrals if not 0 <= at - referral.at < NOW_S]
        if call.digits == ["*"] and call.pressed_at is not None:
            call.referrals.append(Referral(call.pressed_at, "", how="ended"))
        # After a transfer it is the transferer's own leg that ends, not the call.
        if call.left_at and (not call.referrals or call.referrals[-1].how in ("threeway", "resume", "joined")):
            call.bye_by = "self"


def _key(call: SipCall, at: float, headers: dict[str, str], text: str) -> None:
    if text.startswith("REFER "):
        target, _, replaces = headers["refer-to"].removeprefix("<sip:").partition("?Replaces=")
        replaced = unquote(replaces).partition(";")[0] or None
        call.referrals.append(Referral(at, target.partition("@")[0], replaced))
        _resume(call, at)
    elif text.startswith("BYE "):
        call.left_at = call.ended_at = call.ended_at or at
    elif text.startswith("INFO ") and (digit := re.search(r"Signal=(\S)", text)):
        _press(call, at, digit[1])
    elif "a=sendonly" in text and (not call.holds or call.holds[-1][1] != math.inf):
        call.holds.append([at, math.inf])
    elif "a=sendrecv" in text:
        _resume(call, at)


def _press(call: SipCall, at: float, digit: str) -> None:
    """One more key; a feature code of features.conf, and the number behind it, are a transfer."""
    if call.pressed_at is None or at - call.pressed_at > PAUSE_S:
        call.digits.clear()
    call.digits.append(digit)
    call.pressed_at = at
    code, number = "".join(call.digits[:2]), "".join(call.digits[2:])
    if code in FEATURES:
        if number:
            call.referrals.pop()
        else:
            call.coded_at = at
        if number != NOWHERE:
            call.referrals.append(Referral(at, number, how=FEATURES[code]))
        elif call.coded_at is not None:
            # The caller hears music until the PBX gives up waiting for more keys.
            call.holds.append([call.coded_at, call.coded_at + TRANSFER_KEYS_S])


def _resume(call: SipCall, at: float) -> None:
    """An open hold ends."""
    if call.holds and call.holds[-1][1] == math.inf:
        call.holds[-1][1] = at


def messages_of(path: Path) -> Iterator[tuple[float, bool, str]]:
    """Every SIP message of a log: when, whether this party sent it, and its text."""
    text = path.read_text(encoding="utf-8", errors="replace")
    heads = list(_HEAD.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):
        body = text[head.end() : end]
        at = datetime.fromisoformat(head[1]).timestamp()
        yield at, head[2] == "sent", body.replace("\r\n", "\n")


def headers_of(text: str) -> dict[str, str]:
    """The headers of a message (the first of each name), names in lower case."""
    headers: dict[str, str] = {}
    for line in text.partition("\n\n")[0].split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers


def _invited(party: str, kind: str, call_id: str, at: float, first: str, headers: dict[str, str]) -> SipCall:
    name, number = _address(headers.get("from", ""))
    asserted = headers.get("p-asserted-identity")
    dialled = first.split()[1].removeprefix("sip:").partition("@")[0]
    return SipCall(
        party=dialled if party == BANK else party,
        kind=kind,
        call_id=call_id,
        invited_at=at,
        number=number,
        name=name,
        dialled=dialled,
        asserted=_address(asserted)[1] if asserted else None,
        replaces=headers["replaces"].partition(";")[0] if "replaces" in headers else None,
    )


def _address(value: str) -> tuple[str, str]:
    """Display name and user of a From header."""
    match = _USER.match(value)
    if match is None:
        return "", ""
    name = re.sub(r"\\(.)", r"\1", match["quoted"]) if match["quoted"] is not None else match["plain"].strip()
    return name, match["user"] or ""


def _follow(call: SipCall, at: float, sent: bool, first: str, headers: dict[str, str], rest: str) -> None:
    """Take one later message of the call into account."""
    who = "self" if sent else "pbx"
    if first.startswith("SIP/2.0 "):
        if headers.get("cseq", "").endswith("INVITE"):
            _replied(call, at, int(first.split()[1]), headers)
    elif first.startswith("BYE ") and call.bye_by is None:
        call.bye_by, call.ended_at = who, at
    elif first.startswith("CANCEL ") and call.cancel_by is None:
        call.cancel_by, call.ended_at = who, at
    elif first.startswith("NOTIFY ") and "\nSIP/2.0 404" in rest:
        call.refused_at.append(at)
    elif first.startswith("INFO ") and (digit := re.search(r"Signal=(\S)", rest)):
        call.digits.append(digit[1])
        call.pressed_at = at


def _replied(call: SipCall, at: float, status: int, headers: dict[str, str]) -> None:
    if status in (180, 183) and call.rang_at is None:
        call.rang_at = at
    elif status >= 200 and call.status is None:
        call.status, call.status_at = status, at
        if status >= 300 and call.ended_at is None:
            call.ended_at = at
        if status == 302:
            call.forward_to = headers["contact"].partition("sip:")[2].partition("@")[0]
