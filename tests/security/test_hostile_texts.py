"""Attacks by text: imported lines, notes and names on pages, search terms and cursors in queries, everything in logs."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import itertools
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator

import orjson
import pytest
import structlog

from crm_store.customer_import import ImportRow, customers, read_customer_file
from crm_store.phone_numbers import NumberProfile
from ctiserver.log_setup import set_up_logs
from tests.security.asking import who_asks
from tests.security.office import Office
from tests.web.page_reading import Page

PLAIN = "plain"
MARKUP = (
    "<script>alert(1)</script>", '"><svg onload=alert(1)>', "' onmouseover='alert(1)", "</textarea><script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}{% raw %}", "<!--", "]]>", "<base href=//evil.example>",
    "\u202e<b>", "&lt;script&gt;", "data:text/html,<script>alert(1)</script>",
)  # fmt: skip
EMAIL = "javascript:alert(1)//<b>&bcc=x@example.com"
LINKS = re.compile(r"(/|#|\?|mailto:|tel:|\Z)")


def census(page: Page) -> Counter[str]:
    """How many elements of each kind, and handlers among their attributes."""
    handlers = [name for element in page.elements for name in element.attributes if name.startswith("on")]
    return Counter([*(element.tag for element in page.elements), *handlers])


async def imported(office: Office, text: str) -> int:
    """A customer as an import file brings it, hostile in every column, with a note, a task and a call of theirs."""
    out = io.StringIO()
    csv.writer(out).writerows(
        [
            ("name", "company", "phone", "email", "external_id", "language", "note", "tags"),
            (text, text, "+421905123456", EMAIL, f"{text}{next(office.numbers)}", "sk", text, text),
        ]
    )
    (row,) = customers(read_customer_file(out.getvalue().encode()), NumberProfile(region="SK"))
    assert isinstance(row, ImportRow), row
    now = office.desk.now
    saved = (await office.store.create_party(row.fields, user="sofia", now=now)).party
    call_id = await office.call_of("eva", remote={**office.a_remote, "name": text}, queue=text, did=text)
    await office.store.set_call_customer(call_id, saved.id, user="eva", now=now)
    await office.store.save_note(call_id, text, user="eva", now=now)
    await office.store.add_activity(kind="note", text=text, customer_id=saved.id, user="eva", at=now)
    return saved.id


async def pages_of(office: Office, customer: int) -> list[Page]:
    """Every page that shows this customer."""
    headers = await who_asks(office, "eva")
    addresses = ("/", f"/?customer={customer}", "/customers", f"/customers/{customer}", f"/customers/{customer}/edit",
                 f"/customers/{customer}/timeline", "/calls", "/tasks")  # fmt: skip
    found = []
    for address in addresses:
        answer = await office.http.get(address, headers=headers)
        assert answer.status == 200, address
        found.append(Page(await answer.text()))
    return found


async def test_an_imported_text_is_only_text_on_every_page(office: Office) -> None:
    """T13, T14: the pages of a hostile customer are built of the same elements as those of a plain one, and lead to our own places."""
    built = [census(page) for page in await pages_of(office, await imported(office, PLAIN))]
    for text in MARKUP:
        pages = await pages_of(office, await imported(office, text))
        for page, plain in zip(pages, built, strict=True):
            assert {tag for tag in census(page) if tag not in plain} == set(), text
            assert census(page)["script"] == plain["script"], text
            leads = [str(element.attributes["href"] or "") for element in page.with_attribute("href")]
            assert [link for link in leads if not LINKS.match(link)] == [], text
            sources = [str(element.attributes["src"]) for element in page.with_attribute("src")]
            assert [source for source in sources if not source.startswith("/static/")] == [], text


async def test_a_note_written_through_the_api_is_the_same_text_afterwards(office: Office) -> None:
    """T13: nothing is cleaned away; what shows it must not take it for markup. The answer cannot be taken for a page."""
    call_id = await office.call_of("eva")
    headers = await who_asks(office, "eva")
    for text in MARKUP:
        await office.http.put(f"/api/v1/calls/{call_id}/note", json={"text": text}, headers=headers)
        answer = await office.http.get(f"/api/v1/calls/{call_id}/note", headers=headers)
        assert (answer.content_type, (await answer.json())["text"]) == ("application/json", text)


# --- queries ----------------------------------------------------------------------------------------------------------------


TERMS = ("%", "_", "%%", "\\", "' OR 1=1 --", '" OR "" = "', "*", "a*", "name:Anna", "NEAR(a b)", "NOT anna", "anna OR boris", "{name}: a",
     "^a", "a\x00b", ");DROP TABLE customers;--", "\ud7ff",)  # fmt: skip


async def test_signs_of_query_languages_find_nobody_who_has_none(office: Office) -> None:
    """T16: searched for in customers, calls, tasks and the caller's look-up."""
    for name in ("Anna", "Boris"):
        await office.customer(name)
    headers = await who_asks(office, "root")
    filters = (("customers", "search"), ("calls", "number"), ("calls", "agent"), ("calls", "queue"), ("tasks", "owner"))
    for term in TERMS:
        for path, parameter in filters:
            answer = await office.http.get(f"/api/v1/{path}", params={parameter: term}, headers=headers)
            assert answer.status in (200, 422), term
            if answer.status == 200:
                assert [one for one in (await answer.json())["items"] if term not in str(one)] == [], term
        assert (await office.http.get("/customers", params={"q": term}, headers=headers)).status == 200
        found = await (await office.http.get("/api/v1/lookup", params={"number": term}, headers=headers)).json()
        assert found.get("customers", []) == [], term


async def test_no_list_can_be_told_a_column(office: Office) -> None:
    """T16: there is no sort parameter; an unknown one is refused by its name."""
    headers = await who_asks(office, "root")
    for path, name in itertools.product(
        ("calls", "customers", "tasks"), ("sort", "order", "order_by", "fields", "where", "offset")
    ):
        answer = await office.http.get(f"/api/v1/{path}", params={name: "name; DROP TABLE calls"}, headers=headers)
        assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, name)


def forged_cursors() -> Iterator[str]:
    for key in (
        ["' OR 1=1 --", 1],
        [None, None],
        [{"a": 1}],
        ["2026-01-01T00:00:00Z", "x"],
        [2**70, 1],
        [[[]]],
        ["x"] * 50,
        "x",
        1,
    ):
        yield base64.urlsafe_b64encode(
            orjson.dumps(key) if not isinstance(key, list) or 2**70 not in key else b"[1e999,1]"
        ).decode()
    yield base64.urlsafe_b64encode(b"[" * 300).decode()


async def test_a_forged_cursor_is_refused_or_shows_what_it_would_anyway(office: Office) -> None:
    """T16, T12: a cursor is a place in one's own list, not a right."""
    await office.call_of("jan")
    await office.task_of("jan")
    headers = await who_asks(office, "eva")
    for path, cursor in itertools.product(("calls", "customers", "tasks"), forged_cursors()):
        answer = await office.http.get(f"/api/v1/{path}", params={"cursor": cursor}, headers=headers)
        assert answer.status in (200, 422)
        assert "secret of jan" not in await answer.text()


# --- exports ------------------------------------------------------------------------------------------------------------------


FORMULAS = ('=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "x;=1+1", 'x"=1', "|=1", "＝1")


async def test_no_cell_of_the_export_begins_a_formula(office: Office) -> None:
    """T15: the caller's name, the note, the customer's name, and the number itself, which begins with a plus."""
    for text in FORMULAS:
        await imported(office, text)
    answer = await office.http.get("/api/v1/calls.csv", headers=await who_asks(office, "sofia"))
    lines = (await answer.read()).decode("utf-8-sig")
    assert lines.count("HYPERLINK") >= 3
    cells = re.split(r'[,;|\t\r\n"]', lines)  # wherever a spreadsheet may split, whatever it makes of the quotes
    assert [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠")] == []


# --- logs ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log as it is written in production."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config())
    out = io.StringIO()
    set_up_logs(stream=out)
    yield out
    root.handlers[:], root.level = before[0], before[1]
    structlog.configure(**before[2])


async def test_no_request_writes_a_line_of_its_own_or_a_secret_into_the_log(office: Office, lines: io.StringIO) -> None:
    """T22, T23: names, passwords, cookies and paths with line breaks and escape sequences, in every place where a stranger may write."""
    evil = 'x\r\n{"event": "signed in", "user": "root", "level": "info"}\x1b[2K\u2028'
    page = await office.http.get("/login")
    csrf = page.cookies["cti-form"].value
    form = {"user": f"eva{evil}", "password": "secret-password", "csrf": csrf, "phone": evil, "next": evil}
    headers = {"Cookie": f"cti-form={csrf}; cti=secret-cookie"}
    await office.http.post("/login", data=form, headers=headers, allow_redirects=False)
    await office.http.get("/api/v1/" + "%0d%0a%1b", headers={"Authorization": "Bearer secret-token"})
    root = await who_asks(office, "root")
    await office.http.post("/api/v1/customers", json={"name": evil, "note": "secret-note"}, headers=root)
    await office.http.post("/api/v1/agents/eva/pause", json={"reason": "lunch 0905123456"}, headers=root)
    await office.http.post("/api/v1/calls", json={"to": "+421905123456", "agent": "eva"}, headers=root)
    written = lines.getvalue()
    for line in written.splitlines():
        assert json.loads(line)["event"] != "signed in"
    assert not re.search(r"secret-|\x1b|905123456", written)


async def test_bytes_that_are_no_http_are_not_copied_into_the_log(office: Office, lines: io.StringIO) -> None:
    """T22, T23, T17: a broken request may hold a cookie; and anybody can send as many as they like."""
    for broken in (
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: cti=secret-cookie\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00secret-bytes\r\n\r\n",
        b"GET /\x7f\x00secret-path HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret-token\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\nsecret-body",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: secret-header\r\n" * 2000 + b"\r\n",
    ):
        await send_raw(office, broken)
    written = lines.getvalue()
    assert not re.search(r"secret-|Traceback", written)
    assert all(json.loads(line)["level"] == "info" for line in written.splitlines())


async def send_raw(office: Office, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", office.server.port)
    try:
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_counters_and_states_for_everybody_name_no_caller(office: Office) -> None:
    """T23, T24: health and metrics are read by machines that have no business with customers."""
    await imported(office, "Very Private Person")
    for path in ("/healthz", "/readyz", "/metrics", "/api/openapi.json", "/login"):
        text = await (await office.http.get(path)).text()
        assert not re.search(r"Very Private Person|905 ?123 ?456|eva_secret", text)
