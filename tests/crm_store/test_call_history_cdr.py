"""CDR lines in each form that Asterisk, FreePBX and databases write, and every line that is refused with its reason."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_store.call_history import CdrLine, Disposition
from crm_store.call_history_cdr import CdrForm, cdr_form, cdr_line
from crm_store.call_history_times import LocalClock
from crm_store.errors import InvalidInput

CLOCK = LocalClock(UTC, latest=4e9)
START = 1795324965.0  # 2026-11-22 05:22:45
BASE = (
    '"","0905123456","1001","ext-local","""Ján Kováč"" <0905123456>","PJSIP/trunk-a-00000000","PJSIP/1001-00000001",'
    '"Dial","PJSIP/1001,20,tT","2026-11-22 05:22:45","2026-11-22 05:22:46","2026-11-22 05:22:48",3,2,"ANSWERED",'
    '"DOCUMENTATION"'
)
UNIQUEID = '"1795324965.0"'
NEW = '"","1795324960.7",0'
CUSTOM = (
    '"""Ján Kováč"" <0905123456>","0905123456","1001","ext-local","PJSIP/trunk-a-00000000","PJSIP/1001-00000001","Dial",'
    '"PJSIP/1001,20,tT","2026-11-22 05:22:45","2026-11-22 05:22:46","2026-11-22 05:22:48","3","2","ANSWERED",'
    '"DOCUMENTATION","","1795324965.0","x",4'
)
HEADER = (
    "calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags,"
    "accountcode,uniqueid,userfield,did,recordingfile,cnum,cnam,outbound_cnum,outbound_cnam,dst_cnam,linkedid,peeraccount,"
    "sequence"
)
EXPORTED = (
    '"2026-11-22 05:22:45","""Support:Ján"" <0905123456>",600,1001,from-internal,PJSIP/trunk-a-00000000,'
    'PJSIP/1001-00000001,Dial,"PJSIP/1001,20,tT",3,2,ANSWERED,3,,1795324965.0,,+421255501234,in-600.wav,0905123456,'
    "Ján Kováč,,,,1795324960.7,,0"
)


def read(text: str, form: CdrForm | None = None) -> CdrLine:
    found = form or cdr_form(text)
    assert found is not None
    return cdr_line(text, 7, found, CLOCK).cdr


def header(line: str = HEADER) -> CdrForm:
    form = cdr_form(line)
    assert form is not None
    assert form.header
    return form


# --- Master.csv -------------------------------------------------------------------------------------------------------

MASTER = {
    "plain": (BASE, None, None),
    "loguniqueid": (f"{BASE},{UNIQUEID}", "1795324965.0", None),
    "loguserfield": (f'{BASE},"paid"', None, None),
    "both": (f'{BASE},{UNIQUEID},"paid"', "1795324965.0", None),
    "newcdrcolumns": (f"{BASE},{NEW}", None, "1795324960.7"),
    "loguniqueid and newcdrcolumns": (f"{BASE},{UNIQUEID},{NEW}", "1795324965.0", "1795324960.7"),
    "loguserfield and newcdrcolumns": (f'{BASE},"",{NEW}', None, "1795324960.7"),
    "all": (f'{BASE},"main-1795324965.0","paid",{NEW}', "main-1795324965.0", "1795324960.7"),
    "cdr_custom's sample": (CUSTOM, "1795324965.0", None),
    "cdr_custom's sample before sequences": (CUSTOM.removesuffix(",4"), "1795324965.0", None),
}


@pytest.mark.parametrize(("text", "uniqueid", "linkedid"), MASTER.values(), ids=list(MASTER))
def test_each_form_of_master_csv(text: str, uniqueid: str | None, linkedid: str | None) -> None:
    assert read(text) == CdrLine(
        line=7,
        started_at=START,
        answered_at=START + 1,
        ended_at=START + 3,
        number="0905123456",
        name="Ján Kováč",
        dialled="1001",
        did=None,
        channel="PJSIP/trunk-a-00000000",
        dst_channel="PJSIP/1001-00000001",
        app="Dial",
        app_data="PJSIP/1001,20,tT",
        disposition=Disposition.ANSWERED,
        uniqueid=uniqueid,
        linkedid=linkedid,
    )


def test_the_form_may_change_from_line_to_line() -> None:
    form = cdr_form(BASE)
    assert (read(BASE, form).uniqueid, read(f"{BASE},{UNIQUEID}", form).uniqueid) == (None, "1795324965.0")


def test_a_call_that_nobody_answered_has_no_answer_time() -> None:
    text = BASE.replace('"2026-11-22 05:22:46"', "").replace(",3,2,", ",3,0,").replace("ANSWERED", "NO ANSWER")
    found = read(text)
    assert (found.answered_at, found.disposition) == (None, Disposition.NO_ANSWER)


# --- with a header ----------------------------------------------------------------------------------------------------


def test_freepbx_tells_did_number_and_name_in_columns_of_its_own() -> None:
    found = read(EXPORTED, header())
    assert (found.did, found.number, found.name) == ("+421255501234", "0905123456", "Ján Kováč")
    assert (found.uniqueid, found.linkedid) == ("1795324965.0", "1795324960.7")
    assert (found.started_at, found.answered_at, found.ended_at) == (START, START + 1, START + 3)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators(separator: str) -> None:
    cells = ["2026-11-22 05:22:45", '"Ján" <0905123456>', "PJSIP/trunk-a-0000000a", "NULL", "10", "0", "NO ANSWER"]
    form = header(separator.join(["calldate", "clid", "channel", "dstchannel", "duration", "billsec", "disposition"]))
    found = read(separator.join(cells), form)
    assert (found.name, found.number, found.dst_channel, found.ended_at) == ("Ján", "0905123456", None, START + 10)


def test_quotes_of_a_spreadsheets_tabs_are_taken_off() -> None:
    form = header("calldate\tchannel\tduration\tdisposition\tsrc\tclid")
    found = read('2026-11-22 05:22:45\t"SIP/trunk-1"\t1\tBUSY\t0905\t"Say ""hello"""', form)
    assert (found.channel, found.number) == ("SIP/trunk-1", "0905")


def test_columns_may_be_named_and_skipped() -> None:
    form = cdr_form("x", columns=["", "start", "channel", "disposition", "duration"])
    assert form is not None
    assert (form.header, form.columns) == (False, (None, "start", "channel", "disposition", "duration"))
    assert read("?,2026-11-22 05:22:45,SIP/1-1,BUSY,3", form).ended_at == START + 3


@pytest.mark.parametrize(
    ("line", "columns", "words"),
    [
        ("calldate,src,dst,disposition,duration", None, "no column channel"),
        ("calldate,src,channel,disposition", None, "no column duration"),
        ("", ["start", "channel", "disposition", "shoes"], "'shoes' is none of"),
        ("", ["start"], "no column channel, disposition, duration"),
    ],
)
def test_what_lacks_a_needed_column_is_refused(line: str, columns: list[str] | None, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        cdr_form(line, columns=columns)


@pytest.mark.parametrize("line", ["", "hello", "name,phone", "1795324965|NONE|NONE|NONE|QUEUESTART|"])
def test_other_files_are_no_cdr(line: str) -> None:
    assert cdr_form(line) is None


# --- what is refused, and what is not ----------------------------------------------------------------------------------

REJECTS: list[tuple[dict[str, Any], str, str]] = [
    ({"2026-11-22 05:22:45": "yesterday"}, "line", "no line of cdr_csv"),
    ({"2026-11-22 05:22:45": "2026-11-22 05:61:45"}, "start", "is not a time"),
    ({"2026-11-22 05:22:48": "2026-11-22 05:20:00"}, "end", "ends before it begins"),
    ({"2026-11-22 05:22:46": "2026-11-22 05:20:46"}, "answer", "answered before it begins"),
    ({",3,2,": ",three,2,"}, "duration", "'three' is not a number of seconds"),
    ({",3,2,": ",3,-2,"}, "billsec", "'-2' is not a number of seconds"),
    ({"ANSWERED": "PERHAPS"}, "disposition", "'PERHAPS' is none of"),
    ({"PJSIP/trunk-a-00000000": "nobody"}, "channel", "'nobody' is not a channel"),
    ({"PJSIP/trunk-a-00000000": "PJSIP/\x1b[31m"}, "channel", "is not a channel"),
    ({'"DOCUMENTATION"': '"x","y","z","1","2","3","4"'}, "line", "22 cells are no line of cdr_csv"),
]


@pytest.mark.parametrize(("changes", "field", "words"), REJECTS, ids=[words for _, _, words in REJECTS])
def test_a_bad_line_is_refused_with_the_field(changes: dict[str, str], field: str, words: str) -> None:
    text = BASE
    for old, new in changes.items():
        text = text.replace(old, new, 1)
    with pytest.raises(InvalidInput, match=words) as refused:
        read(text, cdr_form(BASE))
    assert refused.value.field == field


def test_cells_that_the_header_has_not_are_refused() -> None:
    with pytest.raises(InvalidInput, match="27 cells, but there are 26 columns"):
        read(EXPORTED + ",x", header())


def test_a_quote_left_open_swallows_no_other_line() -> None:
    with pytest.raises(InvalidInput, match="quotes that do not match"):
        read(EXPORTED.replace("Ján Kováč", '"Ján Kováč'), header())


def test_a_caller_id_that_nobody_quoted_is_read_as_it_stands() -> None:
    form = header("calldate,clid,channel,duration,disposition")
    found = read('2026-11-22 05:22:45,"Ján Kováč" <0905123456>,SIP/trunk-1,3,ANSWERED', form)
    assert (found.name, found.number) == ("Ján Kováč", "0905123456")


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "<script>alert(1)</script>", "O'Neil", "דוד לוי", "a; b, c", "x" * 4000]
)
def test_names_are_text_whatever_they_hold(name: str) -> None:
    assert read(EXPORTED.replace("Ján Kováč", f'"{name}"'), header()).name == name


def test_an_exported_formula_guard_is_taken_off() -> None:
    assert read(EXPORTED.replace(",0905123456,", ",'+421905123456,"), header()).number == "+421905123456"


@given(st.text(max_size=300))
def test_whatever_the_line_holds_it_is_read_or_refused(text: str) -> None:
    for line in (text, f"{BASE},{text}", BASE.replace("Ján", text)):
        try:
            form = cdr_form(line)
            found = cdr_line(line, 1, form or header(), CLOCK).cdr
        except InvalidInput:
            continue
        assert found.started_at <= found.ended_at
