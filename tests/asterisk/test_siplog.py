"""The SIP logs of phones become calls: keys, transfers, refusals, forwards and pickups are read out of the messages."""

import json
from pathlib import Path

from tests.asterisk.siplog import SipCall, read_calls

AT = "2026-11-22T02:00:{:09.6f}Z"


class Log:
    """Writes what a SIPp process, or phone_keys.py, would have logged."""

    def __init__(self, path: Path, call_id: str = "a1") -> None:
        self._path = path
        self._call_id = call_id

    def message(self, second: float, verb: str, first: str, *headers: str, body: str = "") -> None:
        """Append one SIP message."""
        cseq = f"CSeq: 1 {first.split()[0]}" if not first.startswith("SIP/") else ""
        lines = [first, f"Call-ID: {self._call_id}", *filter(None, [cseq]), *headers, "", body]
        with self._path.open("a", encoding="utf-8") as log:
            log.write(f"{'-' * 47} {AT.format(second)}\nUDP message {verb} [1] bytes:\n\n" + "\r\n".join(lines) + "\n")

    def answered_call(self, *, number: str = "+447700900123") -> None:
        """A call that rings at 1 s and is picked up at 2 s."""
        self.message(1, "received", "INVITE sip:1001@h SIP/2.0", f'From: "Ján" <sip:{number}@h>;tag=x')
        self.message(1.1, "sent", "SIP/2.0 180 Ringing", "CSeq: 1 INVITE")
        self.message(2, "sent", "SIP/2.0 200 OK", "CSeq: 1 INVITE")

    def press(self, second: float, keys: str) -> None:
        """Press keys, a tenth of a second apart."""
        for place, key in enumerate(keys):
            self.message(second + place / 10, "sent", "INFO sip:h SIP/2.0", body=f"Signal={key}\r\nDuration=160")


def _read(folder: Path) -> SipCall:
    (call,) = read_calls(folder)
    return call


def _phone(folder: Path) -> tuple[Log, Log]:
    phone, keys = Log(folder / "1001.answering.1.log"), Log(folder / "1001.keys.1.log")
    phone.answered_call()
    return phone, keys


def test_a_feature_code_and_the_number_behind_it_are_a_transfer(tmp_path: Path) -> None:
    _, keys = _phone(tmp_path)
    keys.press(5, "##1003")
    (referral,) = _read(tmp_path).referrals
    assert (referral.target, referral.how) == ("1003", "blind")


def test_codes_pressed_apart_are_different_ones(tmp_path: Path) -> None:
    _, keys = _phone(tmp_path)
    keys.press(5, "*21003")
    keys.press(9, "*3")
    assert [(referral.target, referral.how) for referral in _read(tmp_path).referrals] == [
        ("1003", "inside"),
        ("", "threeway"),
    ]


def test_a_transfer_that_asterisk_cannot_do_is_none(tmp_path: Path) -> None:
    phone, keys = _phone(tmp_path)
    keys.message(5, "sent", "REFER sip:h SIP/2.0", "Refer-To: <sip:9999@h>")
    phone.message(5.01, "received", "NOTIFY sip:h SIP/2.0", body="SIP/2.0 404 Not Found")
    keys.message(7, "sent", "BYE sip:h SIP/2.0")
    call = _read(tmp_path)
    assert call.referrals == []
    assert call.bye_by == "self"


def test_after_a_transfer_hanging_up_does_not_end_the_call(tmp_path: Path) -> None:
    _, keys = _phone(tmp_path)
    keys.message(5, "sent", "REFER sip:h SIP/2.0", "Refer-To: <sip:1003@h?Replaces=b2%3Bto-tag%3D1>")
    keys.message(5.2, "sent", "BYE sip:h SIP/2.0")
    call = _read(tmp_path)
    assert [(referral.target, referral.replaces) for referral in call.referrals] == [("1003", "b2")]
    assert call.bye_by is None


def test_hold_pressed_twice_is_one_hold(tmp_path: Path) -> None:
    _, keys = _phone(tmp_path)
    for second, direction in ((3, "sendonly"), (4, "sendonly"), (6, "sendrecv")):
        keys.message(second, "sent", "INVITE sip:h SIP/2.0", body=f"a={direction}")
    assert [round(end - begin, 3) for begin, end in _read(tmp_path).holds] == [3.0]


def test_a_forward_and_a_pickup_name_whom_they_concern(tmp_path: Path) -> None:
    phone = Log(tmp_path / "1001.answering.1.log")
    phone.message(1, "received", "INVITE sip:1001@h SIP/2.0", "From: <sip:+44@h>;tag=x")
    phone.message(1.1, "sent", "SIP/2.0 302 Moved", "CSeq: 1 INVITE", "Contact: <sip:+447700900199@h>")
    other = Log(tmp_path / "1002.calling.2.log", "c3")
    other.message(
        2, "sent", "INVITE sip:1001@h SIP/2.0", "From: <sip:1002@h>;tag=y", "Replaces: a1;to-tag=1;from-tag=2"
    )
    forwarding, picking = read_calls(tmp_path)
    assert forwarding.forward_to == "+447700900199"
    assert picking.replaces == "a1"


def test_what_the_pbx_was_asked_for_is_told_by_the_scenario(tmp_path: Path) -> None:
    _phone(tmp_path)
    at = _read(tmp_path).invited_at + 5
    fact = {"at": at, "phone": "1001", "how": "blind", "target": "1003"}
    (tmp_path / "told.jsonl").write_text(json.dumps(fact) + "\n", encoding="utf-8")
    assert [(referral.at, referral.target) for referral in _read(tmp_path).referrals] == [(at, "1003")]
