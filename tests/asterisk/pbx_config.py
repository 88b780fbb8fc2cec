"""The configuration of one test Asterisk: the operator's samples of config/asterisk/ plus what only tests need."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.asterisk.plan import (
    AGENTS,
    BANK_PHONES,
    CONFERENCES,
    DESTINATIONS,
    GROUPS,
    QUEUE_EXTENSIONS,
    QUEUES,
    TWINS,
    UNREGISTERED,
)

SAMPLES = Path(__file__).parents[2] / "config" / "asterisk"
PARTS = Path(__file__).parent / "conf"
SECRET = "only-for-tests"
# User -> rights. "cti" is the sample's own user; "filtered" has the sample's allow-list switched on.
USERS = {
    "recorder": ("read = all", "write = all"),
    "observer": ("read = system,call,agent,user", "write = reporting"),
}


@dataclass(frozen=True, slots=True)
class Network:
    """One test Asterisk's own loopback addresses 127.77.N.x: several run side by side with the same ports."""

    number: int

    def _address(self, host: int) -> str:
        return f"127.77.{self.number}.{host}"

    @property
    def pbx(self) -> str:
        """Where Asterisk listens: SIP 5060 and AMI 5038."""
        return self._address(1)

    def trunk(self, name: str) -> str:
        """The operator's address behind `trunk-a` or `trunk-b`."""
        return self._address({"trunk-a": 2, "trunk-b": 3}[name])

    def phone(self, endpoint: str) -> str:
        """The address of one phone: 1001 is .101, its twin 991001 is .201."""
        if endpoint in BANK_PHONES:
            return self._address(60)
        twin = endpoint.startswith("99")
        return self._address(int(endpoint[-2:]) + (200 if twin else 100))


def write_config(etc: Path, network: Network, *, inside: str, shape: str, systemname: str) -> None:
    """Write every file into `etc`; `inside` is the runtime folder as Asterisk in its chroot sees it."""
    files = {
        "asterisk.conf": _asterisk(inside, systemname),
        "manager.conf": _manager(network),
        "pjsip.conf": _pjsip(network, shape),
        "queues.conf": _sample("queues") + _queues(),
        "extensions.conf": _extensions(shape),
        "musiconhold.conf": f"[default]\nmode = files\ndirectory = {inside}/moh\n",
    }
    for part in PARTS.glob("*.conf"):
        files.setdefault(part.name, part.read_text(encoding="utf-8"))
    for name, text in files.items():
        (etc / name).write_text(text, encoding="utf-8")


def _sample(name: str) -> str:
    return (SAMPLES / f"{name}.conf.example").read_text(encoding="utf-8") + "\n"


def _asterisk(inside: str, systemname: str) -> str:
    folders = {"astetcdir": "etc", "astdbdir": "db", "astspooldir": "spool", "astrundir": "run", "astlogdir": "log"}
    lines = [
        "[directories]",
        *(f"{key} => {inside}/{folder}" for key, folder in folders.items()),
        "[options]",
        "nocolor = yes",
    ]
    if systemname:
        lines.append(f"systemname = {systemname}")
    return "\n".join(lines) + "\n"


def _manager(network: Network) -> str:
    """The sample with another address and secret, its allow-list as a second user, and a recorder that sees all."""
    sample = _sample("manager")
    user = sample[sample.index("[cti]") :]
    own = f"secret = {SECRET}\npermit = 127.0.0.0/255.0.0.0\n"
    filtered = (
        user.replace("[cti]", "[filtered]").replace("\n;read", "\nread").replace("\n;eventfilter", "\neventfilter")
    )
    others = "".join(
        f"[{name}]\n{own}" + "\n".join((*rights, "writetimeout = 5000\n")) for name, rights in USERS.items()
    )
    return f"{sample}\n[general](+)\nbindaddr = {network.pbx}\n[cti](+)\n{own}{filtered}\n{own}{others}"


def _pjsip(network: Network, shape: str) -> str:
    """The sample's templates; phones with a fixed contact instead of a registration."""
    sample = _sample("pjsip")
    text = [sample[: sample.index("; ---- Your phones")], "[transport-udp](+)", f"bind = {network.pbx}:5060"]
    for extension, name in AGENTS.items():
        registered = extension != UNREGISTERED
        for endpoint in filter(None, (extension, TWINS.get(extension))):
            text += _phone(endpoint, network.phone(endpoint) if registered else None, f"{name} <{extension}>")
    for endpoint in BANK_PHONES:
        text += _phone(endpoint, network.phone(endpoint), f"Agent {endpoint} <{endpoint}>")
    for trunk in ("trunk-a", "trunk-b"):
        address = network.trunk(trunk)
        text += [f"[{trunk}](trunk)", f"aors = {trunk}", "dtmf_mode = info"]
        # The second operator tells a withheld number in P-Asserted-Identity.
        text += ["trust_id_inbound = yes"] if trunk == "trunk-b" else []
        text += [f"[{trunk}]", "type = aor", f"contact = sip:{address}:5060"]
        text += [f"[{trunk}]", "type = identify", f"endpoint = {trunk}", f"match = {address}"]
    return "\n".join(text) + "\n"


def _phone(endpoint: str, address: str | None, callerid: str) -> list[str]:
    """An endpoint with a fixed contact in place of a registration."""
    contact = [f"contact = sip:{endpoint}@{address}:5060"] if address else []
    head = [f"[{endpoint}](phone)", f"aors = {endpoint}", f"callerid = {callerid}", "dtmf_mode = info"]
    return [*head, f"[{endpoint}]", "type = aor", *contact]


def _queues() -> str:
    lines: list[str] = []
    for name, options in QUEUES.items():
        base, plus, _ = name.partition("(+)")
        lines += [f"[{base}]{plus}" if plus else f"[{base}](queue)", *options]
    return "\n".join(lines) + "\n"


def _extensions(shape: str) -> str:
    """The sample's dialplan plus the numbers and hints of plan.py, or one of FreePBX's shape instead."""
    if shape == "freepbx":
        return "\n".join([(PARTS / "extensions_freepbx.conf").read_text(encoding="utf-8"), *_hints(AGENTS, shape), ""])
    lines = [_sample("extensions"), "[from-trunk](+)"]
    for did, destination in DESTINATIONS.items():
        for priority, application in enumerate(destination.dialplan, start=1):
            lines.append(f"exten => {did},{priority},{application}")
    lines += ["[from-internal](+)", "exten => 112,1,Dial(PJSIP/112@trunk-a,60)", " same => n,Hangup(${HANGUPCAUSE})"]
    for extension, (endpoints, ring_s) in GROUPS.items():
        target = "&".join(f"PJSIP/{endpoint}" for endpoint in endpoints)
        lines += [f"exten => {extension},1,Dial({target},{ring_s},tT)", " same => n,Busy(1)"]
    for extension, queue in QUEUE_EXTENSIONS.items():
        lines += [f"exten => {extension},1,Answer()", f" same => n,Queue({queue},tT,,,30)", " same => n,Hangup()"]
    for extension in CONFERENCES:
        lines += [f"exten => {extension},1,Answer()", f" same => n,ConfBridge({extension})", " same => n,Hangup()"]
    in_sample = ("1001", "1002")
    lines += _hints([extension for extension in AGENTS if extension not in in_sample], shape)
    lines.append((PARTS / "extensions_tests.conf").read_text(encoding="utf-8"))
    return "\n".join(lines) + "\n"


def _hints(extensions: Iterable[str], shape: str) -> list[str]:
    return ["[ext-local](+)", *(f"exten => {extension},hint,{_hint(extension, shape)}" for extension in extensions)]


def _hint(extension: str, shape: str) -> str:
    """The devices of an extension; FreePBX adds its do-not-disturb switch."""
    devices = [f"PJSIP/{endpoint}" for endpoint in (extension, TWINS.get(extension)) if endpoint]
    return "&".join(devices + ([f"Custom:DND{extension}"] if shape == "freepbx" else []))
