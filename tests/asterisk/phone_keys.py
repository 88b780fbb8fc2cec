"""The other keys of a phone in a call: hold, resume, transfer (REFER), sent beside SIPp in the same SIP dialog.

    async with AgentPhone(pbx, "1001") as anna: ...
        await PhoneKeys(anna).hold()
        await PhoneKeys(anna).transfer("1003")                       # blind
        await PhoneKeys(anna).transfer("1003", consulted=consult)    # attended, `consult` is a Caller from 1001

SIPp plays one dialog at a time and cannot join two of them, so these requests come from our own socket on the phone's
address; Asterisk knows a dialog by its tags and not by the port.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from tests.asterisk.siplog import headers_of, messages_of
from tests.asterisk.sipp import Sipp

PORT = 5062


@dataclass(frozen=True, slots=True)
class Dialog:
    """What identifies a SIP dialog from the phone's side."""

    call_id: str
    # The From and To of requests that the phone sends in it, with tags.
    local: str
    remote: str
    target: str
    sdp: str


class PhoneKeys:
    """Keys pressed in the newest call of a phone."""

    def __init__(self, phone: Sipp) -> None:
        self._phone = phone
        self._cseq = 100

    async def hold(self) -> None:
        """Put the other side on hold."""
        await self._reinvite("sendonly")

    async def resume(self) -> None:
        """Take the other side back."""
        await self._reinvite("sendrecv")

    async def transfer(self, target: str, *, consulted: Sipp | None = None, leave: bool = True) -> None:
        """Send the other side to an extension: at once, or to whom the same colleague has just `consulted`."""
        dialog = newest_dialog(self._phone.log)
        replaces = f"?Replaces={quote(_replaces(newest_dialog(consulted.log)), safe='')}" if consulted else ""
        refer_to = f"Refer-To: <sip:{target}@{self._phone.pbx.ami_host}:5060{replaces}>"
        await self._request(dialog, "REFER", refer_to, f"Referred-By: {dialog.local}")
        if leave:
            # As phones do once they know that it worked; Asterisk waits for it.
            await asyncio.sleep(0.2)
            await self._request(dialog, "BYE")

    async def press(self, keys: str) -> None:
        """Press number keys, as SIP INFO: `*2` and the like are the feature codes of conf/features.conf."""
        dialog = newest_dialog(self._phone.log)
        for key in keys:
            body = f"Signal={key}\nDuration=160\n"
            await self._request(dialog, "INFO", "Content-Type: application/dtmf-relay", body=body)
            await asyncio.sleep(0.15)

    async def hang_up(self) -> None:
        """End the call."""
        await self._request(newest_dialog(self._phone.log), "BYE")

    async def switch_off(self) -> None:
        """The phone is off from now on."""
        await self._phone.stop()

    def replaces(self) -> str:
        """The header by which another phone picks this one's ringing call up."""
        return f"Replaces: {_replaces(newest_dialog(self._phone.log))}"

    async def _reinvite(self, direction: str) -> None:
        dialog = newest_dialog(self._phone.log)
        self._cseq += 1
        body = f"{dialog.sdp.strip()}\na={direction}\n".replace("o=- 1 1", f"o=- 1 {self._cseq}")
        await self._request(dialog, "INVITE", "Content-Type: application/sdp", body=body)

    async def _request(self, dialog: Dialog, method: str, *headers: str, body: str = "") -> None:
        """Send one request of the dialog and wait until Asterisk has accepted it."""
        self._cseq += 1
        address = self._phone.address
        body = body.replace("\n", "\r\n")

        branch = dialog.call_id.partition("@")[0]

        def message(name: str, *more: str, content: str = "") -> str:
            lines = [
                f"{name} {dialog.target} SIP/2.0",
                f"Via: SIP/2.0/UDP {address}:{PORT};branch=z9hG4bK-{name}-{self._cseq}-{branch}",
                f"From: {dialog.local}",
                f"To: {dialog.remote}",
                f"Call-ID: {dialog.call_id}",
                f"CSeq: {self._cseq} {name}",
                f"Contact: <sip:{address}:5060>",
                "Max-Forwards: 70",
                *more,
                f"Content-Length: {len(content)}",
            ]
            return "\r\n".join([*lines, "", content])

        acknowledge = message("ACK") if method == "INVITE" else None
        request = message(method, *headers, content=body)
        await _exchange(address, self._phone.pbx.ami_host, request, acknowledge, self._log)

    def _log(self, sent: bool, text: str) -> None:
        """Write down as SIPp does: truth.py reads this too."""
        stem = self._phone.log.stem.split(".")
        path = self._phone.log.with_name(f"{stem[0]}.keys.{stem[2]}.log")
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        verb = "sent" if sent else "received"
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{'-' * 47} {at}\nUDP message {verb} [{len(text)}] bytes:\n\n{text}\n")


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.queue.put_nowait(data.decode(errors="replace"))


async def _exchange(
    address: str, pbx: str, request: str, acknowledge: str | None, log: Callable[[bool, str], None]
) -> None:
    loop = asyncio.get_running_loop()
    transport, answers = await loop.create_datagram_endpoint(_Answers, (address, PORT), (pbx, 5060))
    try:
        log(True, request)
        transport.sendto(request.encode())
        async with asyncio.timeout(30):
            while True:
                answer = await answers.queue.get()
                log(False, answer)
                status = int(answer.split()[1]) if answer.startswith("SIP/2.0 ") else 0
                if status >= 300 and not request.startswith("BYE"):
                    raise RuntimeError(f"Asterisk refused: {answer.splitlines()[0]}")
                if status >= 200:
                    break
        if acknowledge is not None:
            transport.sendto(acknowledge.encode())
    finally:
        transport.close()


def newest_dialog(log: Path) -> Dialog:
    """The dialog of the newest call in a phone's log that has got as far as ringing."""
    invites: dict[str, tuple[bool, dict[str, str], str]] = {}
    newest: Dialog | None = None
    for _, sent, text in messages_of(log):
        first, _, rest = text.partition("\n")
        headers = headers_of(rest)
        call_id = headers.get("call-id", "")
        if first.startswith("INVITE "):
            invites.setdefault(call_id, (sent, headers, rest))
        elif first.startswith(("SIP/2.0 18", "SIP/2.0 200")) and "INVITE" in headers["cseq"] and call_id in invites:
            newest = _dialog(call_id, invites[call_id], headers, rest)
    if newest is None:
        raise RuntimeError(f"{log.name} tells of no call that rings or talks")
    return newest


def _dialog(call_id: str, invite: tuple[bool, dict[str, str], str], reply: dict[str, str], reply_text: str) -> Dialog:
    dialled, invited, invite_text = invite
    far = reply if dialled else invited
    local, remote = (reply["from"], reply["to"]) if dialled else (reply["to"], reply["from"])
    target = re.search(r"<(.*?)>", far["contact"])
    if target is None:
        raise RuntimeError("a SIP message without a contact")
    sdp = (invite_text if dialled else reply_text).partition("\n\n")[2]
    return Dialog(call_id, local, remote, target[1], sdp)


def _replaces(dialog: Dialog) -> str:
    """The dialog as Asterisk names it: its own tag is the to-tag."""
    return f"{dialog.call_id};to-tag={_tag(dialog.remote)};from-tag={_tag(dialog.local)}"


def _tag(address: str) -> str:
    return address.rpartition(";tag=")[2]
