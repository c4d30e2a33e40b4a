"""Which rungs are taken, and who is told of whom."""

from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.chasing import (
    Responsible,
    Telling,
    choose_rungs,
    count_taken,
    group_by_told,
    travel_by,
)
from rollcall.domain.chats import Reminder
from rollcall.domain.message import MessageOptions

NOTIFY = st.sampled_from([(), ("manager",), ("p1",), ("manager", "p1"), ("p1", "manager")])
PEOPLE = frozenset({"p0", "p1", "p2", "m0", "m1"})
WHO = Responsible(PEOPLE, {"p0": "tokyo", "p1": "tokyo", "p2": "paris"}, {"tokyo": ("m0", "m1")})


@given(st.lists(NOTIFY, max_size=8), st.data())
def test_every_rung_is_taken_once_but_nobody_gets_two_at_once(
    ladder: list[tuple[str, ...]], data: st.DataObject
) -> None:
    rungs = [Reminder(after_min=10 + place, notify=one) for place, one in enumerate(ladder)]
    looks = sorted(data.draw(st.lists(st.integers(0, len(rungs)), max_size=4)))
    taken: list[int] = []
    before = 0
    for passed in [*looks, len(rungs)]:
        chosen = choose_rungs(rungs, before, passed)
        told = [frozenset(one.reminder.notify) for one in chosen]
        assert len(told) == len(set(told))
        assert set(told) == {frozenset(one) for one in ladder[before:passed]}
        assert all(before <= one.number < passed for one in chosen)
        taken += [one.number for one in chosen]
        before = passed
    assert taken == sorted(set(taken))


def test_what_cannot_be_made_stays_due_unless_something_later_was() -> None:
    ladder = [Reminder(after_min=one, notify=(f"p{one}",)) for one in (1, 2, 3)]
    rungs = choose_rungs(ladder, 0, 3)
    assert count_taken(rungs, [], 3) == 3
    assert count_taken(rungs, [0, 1], 3) == 3
    assert count_taken(rungs, [1, 2], 3) == 1
    assert count_taken(rungs, [0, 1, 2], 3) is None
    assert count_taken((), [], 3) == 3


def test_who_is_missing_is_told_to_those_responsible_and_nobody_is_left_out() -> None:
    tellings = group_by_told(("manager",), ["p0", "p1", "p2"], WHO)
    assert tellings == [Telling((), ("p2",)), Telling(("m0", "m1"), ("p0", "p1"))]


def test_named_people_are_told_of_all_beside_the_managers() -> None:
    tellings = group_by_told(("manager", "p2", "gone"), ["p0"], WHO)
    assert tellings == [Telling(("m0", "m1"), ("p0",)), Telling(("p2",), ("p0",))]
    assert group_by_told(("gone",), ["p0"], WHO) == [Telling((), ("p0",))]


def test_a_reminder_travels_as_its_rung_says() -> None:
    invited = MessageOptions(include_sms=True, high_quality_sms=True, life_safety=True)
    by_sms = travel_by(invited, ["sms"])
    assert (by_sms.include_email, by_sms.include_sms, by_sms.high_quality_sms) == (
        False,
        True,
        True,
    )
    by_email = travel_by(invited, ["email"])
    assert (by_email.include_sms, by_email.high_quality_sms) == (False, False)
    assert by_sms.life_safety
    assert not by_sms.ok_request
