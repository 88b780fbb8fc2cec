"""Call ids: computed, so that a replay gives the same ones."""

from pbx.calls import new_call_id
from pbx.events import PbxName, Uniqueid

MAIN, ROOT = PbxName("main"), Uniqueid("1795304830.0")


def test_the_same_root_has_the_same_id_and_any_difference_another() -> None:
    known = new_call_id(MAIN, ROOT, 1795304830.254, 1)
    assert known == new_call_id(MAIN, ROOT, 1795304830.254, 7)
    others = {
        new_call_id(PbxName("other"), ROOT, 1795304830.254, 1),
        new_call_id(MAIN, Uniqueid("1795304830.1"), 1795304830.254, 1),
        new_call_id(MAIN, ROOT, 1795304830.255, 1),
    }
    assert len({known, *others}) == 4


def test_ids_sort_by_their_time_and_have_the_form_of_a_ulid() -> None:
    early, late = (new_call_id(MAIN, ROOT, at, 1) for at in (1795304830.0, 1795304830.5))
    assert early < late
    assert len(early) == 26
    assert set(early + late) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_without_a_time_the_order_of_calls_tells_them_apart() -> None:
    """Two PBX starts may use a Uniqueid again; without Timestamps only their order in the stream differs."""
    first, second = (new_call_id(MAIN, ROOT, None, ordinal) for ordinal in (1, 2))
    assert first != second
    assert first == new_call_id(MAIN, ROOT, None, 1)
    assert first.startswith("0" * 10)


def test_parts_of_the_key_cannot_run_into_each_other() -> None:
    assert new_call_id(PbxName("a"), Uniqueid("b1"), 1.0, 1) != new_call_id(PbxName("ab"), Uniqueid("1"), 1.0, 1)
