"""SIPp's message logs as SIP calls: who invited whom, when it rang, was answered and ended, and who ended it."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

# The one SIPp that plays all phones of the load test: whose phone it is stands in what was dialled.
BANK = "bank"
_HEAD = re.compile(r"-{20,} (\S+?Z)\n(?:UDP|TCP|TLS) message (sent|received) .*?:\n\n", re.DOTALL)
_USER = re.compile(r'^(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^<]*?))\s*<sips?:(?:(?P<user>[^@>;]*)@)?')


@dataclass(frozen=True, slots=True)
class Referral:
    """A transfer asked for by a phone; `replaces` is the Call-ID of its consultation, None when blind."""

    at: float
    target: str
    replaces: str | None


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
    # When the last key was pressed.
    pressed_at: float | None = None
    referrals: list[Referral] = field(default_factory=list)
    # Begin and end of each hold by this phone; an open one ends with the call or its transfer.
    holds: list[list[float]] = field(default_factory=list)

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
    for path in log_dir.glob("*.keys.*.log"):
        _read_keys(path, {call.call_id: call for call in calls if call.party == path.name.partition(".")[0]})
    return sorted(calls, key=lambda call: call.invited_at)


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
        if call is None or not sent:
            continue
        if text.startswith("REFER "):
            target, _, replaces = headers["refer-to"].removeprefix("<sip:").partition("?Replaces=")
            replaced = unquote(replaces).partition(";")[0] or None
            call.referrals.append(Referral(at, target.partition("@")[0], replaced))
            _resume(call, at)
        elif text.startswith("BYE "):
            # The transferer's own leg after the transfer: it does not end the call.
            call.ended_at = call.ended_at or at
        elif "a=sendonly" in text:
            call.holds.append([at, math.inf])
        elif "a=sendrecv" in text:
            _resume(call, at)
    for call in calls.values():
        _resume(call, call.end)


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
            _replied(call, at, int(first.split()[1]))
    elif first.startswith("BYE ") and call.bye_by is None:
        call.bye_by, call.ended_at = who, at
    elif first.startswith("CANCEL ") and call.cancel_by is None:
        call.cancel_by, call.ended_at = who, at
    elif first.startswith("INFO ") and (digit := re.search(r"Signal=(\S)", rest)):
        call.digits.append(digit[1])
        call.pressed_at = at


def _replied(call: SipCall, at: float, status: int) -> None:
    if status in (180, 183) and call.rang_at is None:
        call.rang_at = at
    elif status >= 200 and call.status is None:
        call.status, call.status_at = status, at
        if status >= 300 and call.ended_at is None:
            call.ended_at = at
