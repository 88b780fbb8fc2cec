"""What SIPp phones and callers say: scenario files, rendered from a few numbers."""

from dataclasses import dataclass

# In the Asterisk folder; pbx.py writes it.
SOUND = "/srv/silence.ulaw"
# Final answers of Asterisk that end a caller's attempt.
REFUSALS = (400, 403, 404, 408, 410, 480, 484, 486, 487, 488, 500, 502, 503, 504, 600, 603)
REASONS = {
    404: "Not Found",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    503: "Service Unavailable",
    603: "Decline",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How a phone (or the operator's far end) behaves when a call comes in."""

    # From INVITE to the final answer; None: rings until the caller or the PBX gives up.
    after_ms: int | None = 300
    # 200 answers, 603 declines, 486 is busy, 404 does not exist.
    status: int = 200
    # With status 302: the number that the phone forwards to.
    forward_to: str = ""
    # False: no 180 before the answer, as a phone on do-not-disturb.
    ringing: bool = True
    # True: 183 with sound instead of 180 (an operator's announcement).
    progress: bool = False
    # The phone hangs up so long after its answer; None: it waits for BYE.
    talk_ms: int | None = None
    # Let sound flow: Asterisk optimises Local channels away only then.
    media: bool = False

    @property
    def sdp(self) -> str:
        """The session description of its answers."""
        return _sdp(self.media)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """How a caller behaves after dialling."""

    # Gives up (CANCEL) so long after it began to ring when nobody has answered; None: waits for what comes.
    cancel_ms: int | None = None
    # Hangs up (BYE) so long after the PBX's 200; None: waits for BYE. With a queue that answers at once, waiting counts.
    hangup_ms: int | None = None
    # Keys pressed after the answer (SIP INFO), and how long after it.
    digits: str = ""
    digits_after_ms: int = 500
    # More header lines of the INVITE, such as P-Asserted-Identity.
    headers: tuple[str, ...] = ()
    media: bool = False

    @property
    def sdp(self) -> str:
        """The session description of its offer."""
        return _sdp(self.media)


def answering_scenario(behaviour: Answering) -> str:
    """The scenario of who is called."""
    steps = [
        '<recv request="INVITE" rrs="true"><action>'
        '<ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/></action></recv>'
    ]
    if behaviour.progress:
        steps.append(_send(_reply("183 Session Progress", tag=True, sdp=behaviour.sdp)))
    elif behaviour.ringing:
        steps.append(_send(_reply("180 Ringing", tag=True)))
    if behaviour.after_ms is None:
        steps.append('<recv request="CANCEL" next="cancelled"/>')
    elif behaviour.after_ms > 0:
        steps.append(f'<recv request="CANCEL" next="cancelled" timeout="{behaviour.after_ms}" ontimeout="final"/>')
    steps.append('<label id="final"/>')
    if behaviour.status == 200:
        steps += _answered(behaviour)
    else:
        refusal = f"{behaviour.status} {REASONS.get(behaviour.status, 'No')}"
        reply = _reply(refusal, tag=True, contact=behaviour.forward_to and f"{behaviour.forward_to}@[remote_ip]")
        steps += [_send(reply, retrans=True), '<recv request="ACK"/>', '<nop next="end"/>']
    steps += [
        '<label id="cancelled"/>',
        _send(_reply("200 OK", tag=True)),
        _send(_reply("487 Request Terminated", tag=True, cseq="CSeq: [$cseq] INVITE"), retrans=True),
        '<recv request="ACK"/>',
    ]
    # SIPp refuses a scenario that sets a variable and never reads it, and one that names a variable it never sets.
    steps.append(f'<Reference variables="{"cseq,me,them" if behaviour.status == 200 else "cseq"}"/>')
    return _scenario("answering", steps)


def calling_scenario(behaviour: Calling) -> str:
    """The scenario of who calls; the CSV fields are display name, user, host, dialled number."""
    steps = [
        _send(_request("INVITE", *behaviour.headers, sdp=behaviour.sdp), retrans=True),
        *_wait_for_answer(behaviour.cancel_ms),
        _send(_in_dialog("ACK")),
        *_media(behaviour.media),
        *_digits(behaviour),
        _wait_for_bye(behaviour.hangup_ms),
        '<label id="hangup"/>',
        _send(_in_dialog("BYE"), retrans=True),
        '<recv response="200"/>',
        '<nop next="end"/>',
        '<label id="ended"/>',
        _send(_reply("200 OK")),
        '<nop next="end"/>',
        '<label id="refused"/>',
        _send(_request("ACK", to_tag=True)),
        '<nop next="end"/>',
        '<label id="cancel"/>',
        _send(_request("CANCEL"), retrans=True),
        '<recv response="200"/>',
        '<recv response="487"/>',
        _send(_request("ACK", to_tag=True)),
    ]
    return _scenario("calling", steps)


def _answered(behaviour: Answering) -> list[str]:
    return [
        _send(_reply("200 OK", tag=True, sdp=behaviour.sdp), retrans=True),
        '<recv request="ACK"><action>'
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="me"/>'
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="them"/></action></recv>',
        *_media(behaviour.media),
        _wait_for_bye(behaviour.talk_ms),
        '<label id="hangup"/>',
        _send(
            _message("BYE [next_url] SIP/2.0", "[routes]", "From: [$me]", "To: [$them]", "CSeq: 9 BYE"), retrans=True
        ),
        '<recv response="200"/>',
        '<nop next="end"/>',
        '<label id="ended"/>',
        _send(_reply("200 OK")),
        '<nop next="end"/>',
    ]


def _wait_for_answer(cancel_ms: int | None) -> list[str]:
    if cancel_ms is not None:
        # SIPp keeps a time limit only where nothing else may come.
        limit = f'timeout="{cancel_ms}" ontimeout="cancel"'
        return ['<recv response="100"/>', '<recv response="180"/>', f'<recv response="200" rrs="true" {limit}/>']
    return [
        *(f'<recv response="{code}" optional="true"/>' for code in (100, 180, 181, 182, 183)),
        *(f'<recv response="{code}" optional="true" next="refused"/>' for code in REFUSALS),
        '<recv response="200" rrs="true"/>',
    ]


def _wait_for_bye(limit_ms: int | None) -> str:
    limit = f' timeout="{limit_ms}" ontimeout="hangup"' if limit_ms is not None else ""
    return f'<recv request="BYE" next="ended"{limit}/>'


def _media(wanted: bool) -> list[str]:
    return [f'<nop><action><exec rtp_stream="{SOUND},-1,0"/></action></nop>'] if wanted else []


def _digits(behaviour: Calling) -> list[str]:
    steps: list[str] = []
    for digit in behaviour.digits:
        body = f"Signal={digit}\nDuration=160"
        info = _in_dialog("INFO", "Content-Type: application/dtmf-relay", body=body)
        steps += [
            f'<pause milliseconds="{behaviour.digits_after_ms}"/>',
            _send(info, retrans=True),
            '<recv response="200"/>',
        ]
    return steps


def _request(method: str, *headers: str, to_tag: bool = False, sdp: str = "") -> str:
    tag = "[peer_tag_param]" if to_tag else ""
    return _message(
        f"{method} sip:[field3]@[remote_ip]:[remote_port] SIP/2.0",
        "From: [field0] <sip:[field1]@[field2]>;tag=[pid]t[call_number]",
        f"To: <sip:[field3]@[remote_ip]:[remote_port]>{tag}",
        f"CSeq: 1 {method}",
        *headers,
        # One transaction: CANCEL, and the ACK of a refusal, belong to the INVITE.
        branch="z9hG4bK-[pid]-[call_number]-invite",
        sdp=sdp,
    )


def _in_dialog(method: str, *headers: str, body: str = "") -> str:
    cseq = 1 if method == "ACK" else "[cseq]"
    return _message(
        f"{method} [next_url] SIP/2.0",
        "[routes]",
        "From: [field0] <sip:[field1]@[field2]>;tag=[pid]t[call_number]",
        "To: <sip:[field3]@[remote_ip]:[remote_port]>[peer_tag_param]",
        f"CSeq: {cseq} {method}",
        *headers,
        body=body,
    )


def _reply(status: str, *, cseq: str = "[last_CSeq:]", tag: bool = False, sdp: str = "", contact: str = "") -> str:
    to = "[last_To:];tag=[pid]p[call_number]" if tag else "[last_To:]"
    lines = [f"SIP/2.0 {status}", "[last_Via:]", "[last_Record-Route:]", "[last_From:]", to, "[last_Call-ID:]", cseq]
    return _finish([*lines, f"Contact: <sip:{contact or '[local_ip]:[local_port]'}>"], sdp=sdp)


def _message(first: str, *headers: str, branch: str = "[branch]", sdp: str = "", body: str = "") -> str:
    lines = [first, f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}", "Call-ID: [call_id]"]
    return _finish([*lines, *headers, "Contact: <sip:[local_ip]:[local_port]>", "Max-Forwards: 70"], sdp=sdp, body=body)


def _finish(lines: list[str], *, sdp: str = "", body: str = "") -> str:
    if sdp:
        lines.append("Content-Type: application/sdp")
    return "\n".join([*lines, "Content-Length: [len]", "", sdp or body])


def _sdp(media: bool) -> str:
    port = "[rtpstream_audio_port]" if media else "[media_port]"
    return (
        "v=0\no=- 1 1 IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n"
        f"m=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000"
    )


def _send(message: str, *, retrans: bool = False) -> str:
    attribute = ' retrans="500"' if retrans else ""
    return f"<send{attribute}><![CDATA[\n{message}\n]]></send>"


def _scenario(name: str, steps: list[str]) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return "\n".join([head, f'<scenario name="{name}">', *steps, '<label id="end"/>', "</scenario>"])
