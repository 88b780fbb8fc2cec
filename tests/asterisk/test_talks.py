"""What the phones' logs say becomes talks: transfers, consultations, parking and conferences, without a PBX."""

from tests.asterisk.belonging import Pool
from tests.asterisk.siplog import Referral, SipCall
from tests.asterisk.talks import Talks, length

CUSTOMER = "+447700900123"


def _caller(*, end: float = 20.0) -> SipCall:
    call = _call("trunk-a", "calling", number=CUSTOMER, dialled="+442079460101", begin=0.0, answered=1.0, end=end)
    call.bye_by = "self"
    return call


def _call(
    party: str,
    kind: str,
    *,
    number: str,
    begin: float,
    answered: float | None,
    end: float,
    dialled: str = "",
) -> SipCall:
    return SipCall(
        party=party,
        kind=kind,
        call_id=f"{party}-{begin}",
        invited_at=begin,
        number=number,
        name="",
        dialled=dialled or party,
        status=200 if answered is not None else None,
        status_at=answered,
        ended_at=end,
        cancel_by=None if answered is not None else "pbx",
    )


def _phone(extension: str, *, number: str = CUSTOMER, begin: float, answered: float | None, end: float) -> SipCall:
    return _call(extension, "answering", number=number, begin=begin, answered=answered, end=end)


def _talks(caller: SipCall, *others: SipCall) -> Talks:
    dialled = [call for call in (caller, *others) if call.kind == "calling"]
    pool = Pool([caller, *others])
    return Talks(caller, pool.phones(caller, ["1001"]), pool, dialled)


def _spans(talks: Talks) -> dict[str, list[tuple[float, float]]]:
    return {part.phone.party: part.spans for part in talks.parts}


def test_a_consultation_by_feature_code_is_no_talk_with_the_caller() -> None:
    anna = _phone("1001", begin=0.2, answered=1.0, end=9.0)
    anna.referrals.append(Referral(3.0, "1003", how="inside"))
    cyril = _phone("1003", number="1001", begin=3.1, answered=4.0, end=20.0)
    talks = _talks(_caller(), anna, cyril)
    assert _spans(talks) == {"1001": [(1.0, 3.0)], "1003": [(9.0, 20.0)]}
    assert talks.transfers == [("attended", "1001", "1003", "answered")]
    assert talks.talk_s == 13.0


def test_in_a_three_way_call_the_talk_counts_once() -> None:
    anna = _phone("1001", begin=0.2, answered=1.0, end=12.0)
    anna.referrals += [Referral(3.0, "1003", how="inside"), Referral(6.0, "", how="threeway")]
    cyril = _phone("1003", number="1001", begin=3.1, answered=4.0, end=20.0)
    talks = _talks(_caller(), anna, cyril)
    assert _spans(talks) == {"1001": [(1.0, 3.0), (6.0, 12.0)], "1003": [(6.0, 20.0)]}
    assert talks.talk_s == 16.0


def test_who_comes_back_from_a_consultation_talks_on() -> None:
    anna = _phone("1001", begin=0.2, answered=1.0, end=20.0)
    anna.referrals += [Referral(3.0, "1003", how="inside"), Referral(6.0, "", how="resume")]
    cyril = _phone("1003", number="1001", begin=3.1, answered=4.0, end=6.0)
    talks = _talks(_caller(), anna, cyril)
    assert _spans(talks) == {"1001": [(1.0, 3.0), (6.0, 20.0)]}
    assert talks.transfers == []


def test_a_transfer_while_it_rings_that_comes_back_is_a_second_talk_of_the_same_colleague() -> None:
    anna = _phone("1001", begin=0.2, answered=1.0, end=5.0)
    anna.referrals.append(Referral(3.0, "1003", how="inside"))
    cyril = _phone("1003", number="1001", begin=3.1, answered=None, end=8.0)
    again = _phone("1001", begin=8.1, answered=9.0, end=20.0)
    talks = _talks(_caller(), anna, cyril, again)
    assert [(part.phone.party, part.spans) for part in talks.parts if part.spans] == [
        ("1001", [(1.0, 3.0)]),
        ("1001", [(9.0, 20.0)]),
    ]
    assert talks.transfers == [("blonde", "1001", "1003", "no_answer")]


def test_a_parked_call_that_is_retrieved_and_transferred_keeps_all_three_apart() -> None:
    anna = _phone("1001", begin=0.2, answered=1.0, end=3.2)
    anna.referrals.append(Referral(3.0, "700"))
    boris = _call("1002", "calling", number="1002", dialled="701", begin=6.0, answered=6.1, end=8.2)
    boris.referrals.append(Referral(8.0, "1004"))
    dana = _phone("1004", begin=8.1, answered=9.0, end=20.0)
    talks = _talks(_caller(), anna, boris, dana)
    assert _spans(talks) == {"1001": [(1.0, 3.0)], "1002": [(6.1, 8.0)], "1004": [(9.0, 20.0)]}
    assert round(talks.parked_s, 3) == 3.1
    assert talks.transfers == [("blind", "1002", "1004", "answered")]


def test_a_call_that_rings_the_parker_again_has_left_the_park() -> None:
    anna = _phone("1001", begin=0.2, answered=1.0, end=3.2)
    anna.referrals.append(Referral(3.0, "700"))
    again = _phone("1001", begin=8.0, answered=None, end=20.0)
    talks = _talks(_caller(), anna, again)
    assert talks.parked_s == 5.0


def test_the_union_of_talks_counts_each_second_once() -> None:
    assert length([(1.0, 4.0), (2.0, 3.0), (6.0, 7.0)]) == 4.0
    assert length([]) == 0.0
    assert length([(1.0, float("inf"))]) is None
