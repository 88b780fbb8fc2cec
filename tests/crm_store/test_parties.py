"""What a party is called when little is known about it."""

from datetime import UTC, datetime

import pytest

from crm_store.parties import Party, PartyPhone

SOME_DAY = datetime(2026, 11, 21, tzinfo=UTC)


def party(name: str, company: str | None, *phones: PartyPhone) -> Party:
    return Party(
        id=1,
        version=1,
        name=name,
        company=company,
        kind="customer",
        phones=phones,
        emails=(),
        language=None,
        external_id=None,
        tags=(),
        note="",
        active=True,
        created_at=SOME_DAY,
        updated_at=SOME_DAY,
    )


PHONE = PartyPhone(number="+421905123456", display="+421 905 123 456")


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        (party("Ján Kováč", "Kováč s.r.o.", PHONE), "Ján Kováč"),
        (party("", "Kováč s.r.o.", PHONE), "Kováč s.r.o."),
        (party("", None, PHONE), "+421 905 123 456"),
        (party("", None), ""),
    ],
)
def test_the_name_then_the_company_then_the_number(known: Party, shown: str) -> None:
    assert known.display_name == shown
