"""The people of the demo: invented customers in five languages, agents, a supervisor and an administrator.

Every number is of a range that a regulator keeps free for fiction.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources

from crm_store.accounts import Account, Role
from crm_store.parties import PartyInput, PhoneInput
from crm_store.store import CrmStore
from crm_store.tasks import TaskInput
from pbx.simulator import AgentPlan, CallerPlan, QueuePlan

_BY = "demo"
_LABELS = ("mobile", "work", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    """A login of the demo."""

    name: str
    display_name: str
    role: Role
    extension: str | None = None
    language: str | None = None

    @property
    def endpoint(self) -> str | None:
        """The phone; supervisors and administrators have none."""
        return f"PJSIP/{self.extension}" if self.extension else None

    def account(self, password_hash: str) -> Account:
        """The account as the store keeps it."""
        return Account(
            name=self.name,
            display_name=self.display_name,
            role=self.role,
            endpoints=(self.endpoint,) if self.endpoint else (),
            extension=self.extension,
            language=self.language,
            password_hash=password_hash,
            active=True,
        )


# Eva comes first: the simulator's first call is hers, and she never misses one.
USERS = (
    DemoUser(name="eva", display_name="Eva Malá", role=Role.AGENT, extension="1001", language="en"),
    DemoUser(name="jan", display_name="Ján Novák", role=Role.AGENT, extension="1002", language="sk"),
    DemoUser(name="noa", display_name="נועה לוי", role=Role.AGENT, extension="1003", language="he"),
    DemoUser(name="karim", display_name="كريم حداد", role=Role.AGENT, extension="1004", language="ar"),
    DemoUser(name="zofia", display_name="Zofia Lis", role=Role.AGENT, extension="1005", language="pl"),
    DemoUser(name="sam", display_name="Sam Porter", role=Role.SUPERVISOR, language="en"),
    DemoUser(name="ada", display_name="Ada King", role=Role.ADMIN, language="en"),
)

AGENTS = (
    AgentPlan(extension="1001", name="Eva Malá", misses=0.0, declines=0.0, answers_after_s=(4.0, 7.0)),
    AgentPlan(extension="1002", name="Ján Novák"),
    AgentPlan(extension="1003", name="Noa Levi"),
    AgentPlan(extension="1004", name="Karim Haddad"),
    AgentPlan(extension="1005", name="Zofia Lis"),
)

QUEUES = (
    QueuePlan(name="support", did="+442079460130", members=("1001", "1002", "1003")),
    QueuePlan(name="sales", did="+442079460131", members=("1001", "1004", "1005"), strategy="ringall"),
    QueuePlan(name="600", did="+442079460132", members=("1003", "1005"), strategy="ringall", freepbx=True),
)
LABELS = {"support": "Support", "sales": "Sales", "600": "Orders"}
DID_LABELS = {"+442079460130": "Support line", "+442079460131": "Sales line", "+442079460132": "Order line"}

# Who is on no card: a stranger with a name from the operator, one without, and people who withhold their number.
_STRANGERS = (
    CallerPlan(number="+442079460991", name="Seán O'Neil"),
    CallerPlan(number="+12125550199"),
    CallerPlan(number=None),
    CallerPlan(number=None),
)


def sample_customers() -> list[PartyInput]:
    """The customers of sample_customers.csv."""
    text = resources.files("ctiserver").joinpath("sample_customers.csv").read_text(encoding="utf-8")
    return [_party(row) for row in csv.DictReader(text.splitlines())]


def sample_callers() -> tuple[CallerPlan, ...]:
    """Everybody who may ring: each customer from the first number, some from the second, and strangers."""
    customers = sample_customers()
    firsts = [CallerPlan(number=party.phones[0].raw) for party in customers if party.phones]
    seconds = [CallerPlan(number=party.phones[1].raw) for party in customers[::5] if party.phones and party.phones[1:]]
    return (*firsts, *seconds, *_STRANGERS)


async def fill(store: CrmStore, *, password_hash: str, now: datetime) -> None:
    """Create what is not there yet; the logins get today's password in any case."""
    for user in USERS:
        await store.save_account(user.account(password_hash))
    if (await store.parties("", kind=None, cursor=None, limit=1)).items:
        return
    for number, fields in enumerate(sample_customers()):
        saved = await store.create_party(fields, user=_BY, now=now)
        if number % 4 == 0:
            await _remember(store, saved.party.id, number, now)


def _party(row: dict[str, str]) -> PartyInput:
    phones = [row[column] for column in ("phone", "phone2", "phone3") if row[column]]
    return PartyInput(
        name=row["name"],
        company=row["company"] or None,
        kind=row["kind"],
        language=row["language"],
        phones=tuple(PhoneInput(raw=raw, label=label) for raw, label in zip(phones, _LABELS, strict=False)),
        emails=(row["email"],) if row["email"] else (),
        external_id=row["external_id"],
        tags=tuple(tag for tag in row["tags"].split(";") if tag),
        note=row["note"],
    )


async def _remember(store: CrmStore, customer_id: int, number: int, now: datetime) -> None:
    """Something happened before: a line on the timeline, and for some an open task."""
    at = now - timedelta(days=1 + number % 9, hours=number % 7)
    text = _HISTORY[number // 4 % len(_HISTORY)]
    await store.add_activity(kind="note", text=text, customer_id=customer_id, user="jan", at=at)
    if number % 8 == 0:
        title = _TASKS[number // 8 % len(_TASKS)]
        fields = TaskInput(kind="todo", title=title, due_at=now + timedelta(days=1), customer_id=customer_id)
        await store.create_task(fields, user="sam", now=now)


_HISTORY = (
    "Asked about the delivery date; promised an answer by tomorrow.",
    "Changed the address on the account.",
    "Happy with the repair, wants an offer for a second one.",
    "Invoice sent again by e-mail.",
)
_TASKS = ("Send the new price list", "Check the open invoice", "Confirm the date of the visit")
