"""A person in the recordings: found in whole messages, overwritten in place, and the recording still replays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crm_store.person import PersonNumber, Traces
from ctiserver.person_journal import count, mask, messages
from tests.ctiserver.cli_run import run
from tests.pbx.folding import RECORDINGS

JAN = Traces([PersonNumber(number="+421905123456", national="905123456")], ["Ján Kováč", "Jano"])
FILE = "main-2026-11-21-0001.ami"
BYTES = (
    b"Asterisk Call Manager/9.0.0\r\n"
    b"Event: Newchannel\r\nUniqueid: 905123456.12\r\nCallerIDNum: 0905123456\r\nCallerIDName: J\xc3\xa1n Kov\xc3\xa1\xc4\x8d\r\n\r\n"
    b"Event: Newstate\r\nUniqueid: 1795295646.905123456\r\nConnectedLineNum: +421905123456\r\n\r\n"
    b"Event: VarSet\r\nVariable: x\r\nValue: \"J\xc3\x81N KOV\xc3\x81\xc4\x8c\" <00421905123456>\r\n\r\n"
    b"Event: Jano\r\nChannel: Local/90905123456@out-1;2\r\nCallerIDName: Jano\r\nConnectedLineName: Jano Mrkva\r\n\r\n"
    b"Event: Newstate\r\nCallerIDNum: 9051234567\r\nCallerIDName: Eva\r\n\r\n"
    b"Event: Hangup\r\nCallerIDNum: 0905123456"  # half a message: the service is writing
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_bytes(BYTES)
    (tmp_path / "main-2026-11-21-0002.ami").write_bytes(b"")
    (tmp_path / "other-2026-11-21-0001.ami").write_bytes(BYTES)
    (tmp_path / "main-notes.txt").write_bytes(BYTES)
    return tmp_path


def test_every_number_and_name_goes_and_everything_else_stays(folder: Path) -> None:
    assert count(folder, ["main"], JAN) == 8
    assert (folder / FILE).read_bytes() == BYTES
    assert mask(folder, ["main"], JAN) == 8
    assert (folder / FILE).read_bytes().decode() == (
        "Asterisk Call Manager/9.0.0\r\n"
        "Event: Newchannel\r\nUniqueid: 905123456.12\r\nCallerIDNum: 0000000000\r\nCallerIDName: xxxxxxxxxxxx\r\n\r\n"
        "Event: Newstate\r\nUniqueid: 1795295646.905123456\r\nConnectedLineNum: +000000000000\r\n\r\n"
        'Event: VarSet\r\nVariable: x\r\nValue: "xxxxxxxxxxxx" <00000000000000>\r\n\r\n'
        "Event: Jano\r\nChannel: Local/00000000000@out-1;2\r\nCallerIDName: xxxx\r\nConnectedLineName: Jano Mrkva\r\n\r\n"
        "Event: Newstate\r\nCallerIDNum: 9051234567\r\nCallerIDName: Eva\r\n\r\n"
        "Event: Hangup\r\nCallerIDNum: 0000000000"
    )
    assert mask(folder, ["main"], JAN) == 0


def test_files_of_others_are_left_alone(folder: Path) -> None:
    mask(folder, ["main"], JAN)
    assert (folder / "other-2026-11-21-0001.ami").read_bytes() == BYTES
    assert (folder / "main-notes.txt").read_bytes() == BYTES


def test_what_is_appended_meanwhile_is_not_lost(folder: Path) -> None:
    """The service holds the file open: it must stay the same file."""
    with (folder / FILE).open("ab") as service:
        mask(folder, ["main"], JAN)
        service.write(b"\r\n\r\nEvent: Later\r\n\r\n")
    assert (folder / FILE).read_bytes().endswith(b"CallerIDNum: 0000000000\r\n\r\nEvent: Later\r\n\r\n")


def test_messages_are_whole_and_each_comes_once(folder: Path) -> None:
    found = list(messages(folder, ["main"], JAN))
    assert {file for file, _ in found} == {FILE}
    told = [message for _, message in found]
    assert [message.splitlines()[0] for message in told[1:]] == [
        "Event: Newstate",
        "Event: VarSet",
        "Event: Jano",
        "Event: Hangup",
    ]
    assert told[0].endswith("CallerIDName: Ján Kováč")


@pytest.mark.parametrize("folder", [None, Path("nowhere")])
def test_without_a_journal_there_is_nothing(folder: Path | None) -> None:
    assert (count(folder, ["main"], JAN), mask(folder, ["main"], JAN), list(messages(folder, ["main"], JAN))) == (
        0,
        0,
        [],
    )


def test_a_real_recording_without_the_person_tells_the_same_calls(tmp_path: Path) -> None:
    shutil.copy(RECORDINGS / "asterisk22" / "freepbx_direct.ami", tmp_path / FILE)
    before = run("replay", tmp_path / FILE).json_lines
    caller = Traces([PersonNumber(number="447700900123", national=None)], ["Ján Kováč"])
    assert mask(tmp_path, ["main"], caller) > 20
    left = (tmp_path / FILE).read_bytes()
    assert [part for part in (b"7700900123", "Kováč".encode()) if part in left] == []
    after = run("replay", tmp_path / FILE).json_lines
    assert [one["remote"]["name"] for one in before] == ["Ján Kováč"]
    assert [{**one, "remote": None} for one in after] == [{**one, "remote": None} for one in before]
