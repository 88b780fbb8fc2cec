"""The small call centre that the tests play in: extensions, queues and what each dialled number leads to."""

from dataclasses import dataclass

# Every number here is of a range that the regulator keeps free for fiction.
DID = "+4420794601{:02d}".format

# Extension -> the agent's name. 1012 has a phone that never registered.
AGENTS = {
    "1001": "Anna One",
    "1002": "Boris Two",
    "1003": "Cyril Three",
    "1004": "Dana Four",
    "1005": "Emil Five",
    "1006": "Filip Six",
    "1007": "Gita Seven",
    "1008": "Hana Eight",
    "1009": "Ivan Nine",
    "1010": "Jana Ten",
    "1011": "Karol Eleven",
    "1012": "Lena Twelve",
}
UNREGISTERED = "1012"
# What a colleague dials or transfers to.
PARK = "700"
PARK_SPACES = tuple(f"7{number:02}" for number in range(1, 21))
PICKUP = "*8"
CONFERENCES = ("800",)
# Leads nowhere; so long the PBX waits for more keys of a transfer (conf/features.conf).
NOWHERE, TRANSFER_KEYS_S = "9999", 3.0
# With the agent's number behind it: begins a shift of the pool of agents.
SHIFT = "*11"
# A sound of three seconds, without its ending.
ANNOUNCEMENT, ANNOUNCEMENT_S = "/srv/announcement", 3.0
# The mobile of a colleague, who has to press 1 to take a call there.
MOBILE = "+447700900199"
# Extensions that lead a colleague, or a transferred caller, into a queue or to a group.
QUEUE_EXTENSIONS = {"633": "linear", "634": "short", "600": "600"}
# Number -> the phones that it rings, and for how long: groups, and a phone that rings briefly.
GROUPS = {"610": (("1003", "1004"), 6), "611": (("1003",), 3)}
# Phones of the queue for load; one SIPp process plays them all.
BANK_PHONES = tuple(f"20{number:02}" for number in range(1, 41))
# The second device (soft phone) of an agent, as FreePBX names it.
TWINS = {"1001": "991001", "1002": "991002"}

# Queue -> options and members as in queues.conf; "support" and "600" are in the sample and only get a shorter ring.
QUEUES: dict[str, tuple[str, ...]] = {
    "support(+)": ("timeout = 4",),
    "600(+)": ("timeout = 6",),
    "sales": (
        "strategy = ringall",
        "timeout = 6",
        "member => PJSIP/1001,0,Anna One",
        "member => PJSIP/1002,0,Boris Two",
        "member => PJSIP/1004,0,Dana Four",
    ),
    "linear": (
        "strategy = linear",
        "timeout = 3",
        "member => PJSIP/1005,0,Emil Five",
        "member => PJSIP/1006,0,Filip Six",
    ),
    "short": ("strategy = ringall", "timeout = 2", "member => PJSIP/1007,0,Gita Seven"),
    "local": ("strategy = ringall", "timeout = 6", "member => Local/1003@from-queue,0,Cyril Three,hint:1003@ext-local"),
    "nobody": ("strategy = ringall", "joinempty = yes", "leavewhenempty = no"),
    "empty": ("strategy = ringall", "joinempty = no"),
    "leaving": (
        "strategy = ringall",
        "timeout = 2",
        "joinempty = yes",
        "leavewhenempty = paused,unavailable",
        "member => PJSIP/1008,0,Hana Eight",
    ),
    "full": ("strategy = ringall", "joinempty = yes", "maxlen = 1"),
    "exit": ("strategy = ringall", "joinempty = yes", "context = queue-exit"),
    # Only the dialplan of FreePBX's shape leads here.
    "604": ("strategy = ringall", "timeout = 10", "member => Local/1007@from-queue/n,0,Gita Seven,hint:1007@ext-local"),
    # The call centre of the end-to-end run: ten agents in turn.
    "ten": (
        "strategy = rrmemory",
        "timeout = 15",
        *(f"member => PJSIP/{1001 + agent},0,Agent {agent}" for agent in range(10)),
    ),
    # Who misses a call here is paused.
    "strict": (
        "strategy = linear",
        "timeout = 3",
        "autopause = yes",
        "member => PJSIP/1005,0,Emil Five",
        "member => PJSIP/1006,0,Filip Six",
    ),
    # The agent sits with an open line; a call is only a beep.
    "pool": ("strategy = ringall", "timeout = 10", "member => Local/1001@agents,0,Anna One,Agent:1001"),
    # One agent only: the second caller waits until the first talk is over.
    "one": ("strategy = ringall", "timeout = 10", "member => PJSIP/1001,0,Anna One"),
    # For load: many members, quick to ring.
    "busyline": (
        "strategy = rrmemory",
        "timeout = 15",
        *(f"member => PJSIP/{phone},0,Agent {phone}" for phone in BANK_PHONES),
    ),
}


def extension_of(endpoint: str) -> str:
    """The extension that a phone belongs to: 991001 is the second device of 1001."""
    return endpoint.removeprefix("99") if len(endpoint) == 6 else endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What a dialled number leads to, and the outcome when nobody answers and the PBX ends the call."""

    # Empty: the sample extensions.conf has this number already.
    dialplan: tuple[str, ...] = ()
    # Endpoints that can ring, by queue ("" = without a queue), in the order in which the call meets the queues.
    phones: dict[str, tuple[str, ...]]
    # None: told by the phones' answers (603 rejected, 486 busy, rang out no_answer).
    given_up: str | None = None
    # How long the queues keep a caller (the first one, when a mailbox follows).
    wait_s: int | None = None
    # How long the first of several queues keeps a caller.
    first_wait_s: int | None = None
    # A colleague's mobile that is called when the phones do not answer.
    mobile: str | None = None
    # Whose it is, where the dialplan calls it for an extension.
    mobile_of: str | None = None
    # What whoever picks up hears before the caller.
    announcement_s: float = 0
    # The agent of the pool, who has no ringing phone.
    pooled: str | None = None

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues that the call meets, in order."""
        return tuple(name for name in self.phones if name)


def _direct(*endpoints: str, ring_s: int = 4) -> Destination:
    """Dial the phones at once, busy tone when none answers."""
    target = "&".join(f"PJSIP/{endpoint}" for endpoint in endpoints)
    return Destination(
        dialplan=(f"Dial({target},{ring_s},tT)", "Goto(unanswered,${DIALSTATUS},1)"), phones={"": endpoints}
    )


def _sample(queue: str, *endpoints: str) -> Destination:
    """A number that the sample extensions.conf leads somewhere."""
    return Destination(
        phones={queue: endpoints}, given_up="queue_timeout" if queue else None, wait_s=120 if queue else None
    )


def _queue(name: str, *endpoints: str, wait_s: int = 60, given_up: str = "queue_timeout") -> Destination:
    """Answer, then wait in the queue for at most `wait_s` seconds."""
    return Destination(
        dialplan=("Answer()", f"Queue({name},tT,,,{wait_s})", "Hangup()"),
        phones={name: endpoints},
        given_up=given_up,
        wait_s=wait_s,
    )


DESTINATIONS: dict[str, Destination] = {
    **{DID(int(extension[2:])): _direct(extension) for extension in AGENTS},
    DID(20): _direct("1001", "1002", "1003", ring_s=6),
    DID(21): _direct("1001", "991001", ring_s=6),
    DID(22): Destination(dialplan=("Answer()", "Wait(30)", "Hangup()"), phones={}, given_up="ivr_only"),
    DID(1): _sample("", "1001"),
    DID(23): Destination(
        dialplan=("Dial(PJSIP/1002,4,tT)", "VoiceMail(1007@default,u)", "Hangup()"),
        phones={"": ("1002",)},
        given_up="voicemail",
        wait_s=4,
    ),
    DID(24): Destination(
        dialplan=("Dial(PJSIP/1001,2,tT)", "Dial(PJSIP/1002,2,tT)", "Dial(PJSIP/1003,8,tT)", "Hangup()"),
        phones={"": ("1001", "1002", "1003")},
    ),
    DID(30): _sample("support", "1001", "1002", "1003"),
    DID(31): _queue("sales", "1001", "1002", "1004"),
    DID(32): _sample("600", "1001", "1002", "991001", "991002"),
    DID(33): _queue("linear", "1005", "1006"),
    DID(34): _queue("short", "1007", wait_s=3),
    DID(35): Destination(
        dialplan=("Answer()", "Queue(short,tT,,,3)", "Queue(support,tT,,,60)", "Hangup()"),
        phones={"short": ("1007",), "support": ("1001", "1002", "1003")},
        given_up="queue_timeout",
        wait_s=63,
        first_wait_s=3,
    ),
    DID(36): _queue("local", "1003"),
    DID(37): _queue("nobody", wait_s=30),
    DID(38): _queue("empty", given_up="queue_empty"),
    DID(39): _queue("leaving", "1008", given_up="queue_empty"),
    DID(40): _queue("full", wait_s=30, given_up="queue_full"),
    DID(41): _queue("exit", wait_s=30, given_up="exit_key"),
    DID(42): Destination(
        dialplan=("Answer()", "Queue(short,tT,,,3)", "VoiceMail(1007@default,u)", "Hangup()"),
        phones={"short": ("1007",)},
        given_up="voicemail",
        wait_s=3,
        first_wait_s=3,
    ),
    DID(50): Destination(
        phones={"604": ("1007",), "": ("1001", "1002", "991001", "991002")},
        given_up="queue_timeout",
        wait_s=3,
        first_wait_s=3,
    ),
    DID(51): _direct("1001", "1002", "991001", "991002"),
    DID(60): Destination(
        dialplan=("Answer()", f"Queue(linear,tT,,{ANNOUNCEMENT},60)", "Hangup()"),
        phones={"linear": ("1005", "1006")},
        given_up="queue_timeout",
        wait_s=60,
        announcement_s=ANNOUNCEMENT_S,
    ),
    DID(61): Destination(
        dialplan=("Answer()", "Queue(one,ch,,,60)", f"Playback({ANNOUNCEMENT})", "Hangup()"),
        phones={"one": ("1001",)},
        given_up="queue_timeout",
        wait_s=60,
    ),
    DID(62): Destination(
        dialplan=(
            "Dial(PJSIP/1001,2,tT)",
            f"Dial(PJSIP/{MOBILE}@trunk-a,15,tTU(confirm))",
            "Goto(unanswered,NOANSWER,1)",
        ),
        phones={"": ("1001",)},
        given_up="no_answer",
        mobile=MOBILE,
    ),
    DID(63): _queue("strict", "1005", "1006"),
    DID(64): Destination(
        dialplan=("Answer()", "Queue(pool,tT,,,60)", "Hangup()"),
        phones={"pool": ()},
        given_up="queue_timeout",
        wait_s=60,
        pooled="1001",
    ),
    DID(65): Destination(phones={"": ("1003",)}, given_up="no_answer", mobile=MOBILE),
    DID(66): Destination(phones={"": ("1003", "1004")}),
    DID(67): Destination(
        phones={"600": ("1002", "991002", "trunk-a")},
        given_up="queue_timeout",
        wait_s=60,
        mobile=MOBILE,
        mobile_of="1001",
    ),
    DID(43): _queue("busyline", *BANK_PHONES),
    DID(45): _queue("one", "1001", wait_s=90),
    # As DID 37, for who waits until somebody logs in.
    DID(46): _queue("nobody", wait_s=150),
    DID(44): _queue("ten", *(str(1001 + agent) for agent in range(10))),
}
