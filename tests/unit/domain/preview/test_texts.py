from rollcall.domain.audience import Position, Recipient
from rollcall.domain.preview.texts import TextCounts, count_texts
from tests.people import phone_of

PHONES = (phone_of(1), phone_of(1), phone_of(2), phone_of(3), phone_of(3), None)
AUDIENCE = [
    Recipient(f"p{number}", "Ana", None, phone, None, None, Position("none"), ())
    for number, phone in enumerate(PHONES)
]
OPTED_OUT = {phone_of(3), phone_of(4)}


def test_who_opted_out_gets_none_and_who_shares_a_number_gets_one_together() -> None:
    assert count_texts(AUDIENCE, OPTED_OUT, life_safety=False) == TextCounts(5, 2, False, 4, 2)


def test_life_safety_overrides_opt_outs_and_they_are_counted_all_the_same() -> None:
    assert count_texts(AUDIENCE, OPTED_OUT, life_safety=True) == TextCounts(5, 2, True, 4, 3)


def test_what_is_not_known_is_not_called_zero() -> None:
    assert count_texts(AUDIENCE, None, life_safety=False) == TextCounts(5, None, False, 4, None)
    assert count_texts(AUDIENCE, None, life_safety=True) == TextCounts(5, None, True, 4, 3)


def test_nobody_gets_nothing() -> None:
    assert count_texts([], OPTED_OUT, life_safety=False) == TextCounts(0, 0, False, 0, 0)
