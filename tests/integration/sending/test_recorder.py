"""A frozen audience is recorded portion by portion: everybody once, whoever does it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import select, update

from rollcall.clock import SystemClock
from rollcall.domain.audience import Recipient, digest_audience
from rollcall.domain.canary import CANARY_MIN
from rollcall.domain.message import MessageRequest
from rollcall.errors import TemplateError
from rollcall.ledger.audiences import read_frozen_audience
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses, read_log
from rollcall.ledger.messages import accept_message, load_message
from rollcall.ledger.pending import load_pending
from rollcall.ledger.queue import claim_due, read_queue
from rollcall.ledger.stopping import count_stopped, stop_message
from rollcall.ledger.tables import Content, Delivery
from rollcall.sending.recorder import FIRST_PEOPLE, PORTION_PEOPLE, Recorder
from rollcall.wiring import load_layout
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    at_once,
    freeze_audience,
)

LAYOUT = load_layout()
KEY = bytes(range(32))
MANY = FIRST_PEOPLE + PORTION_PEOPLE + 7


@dataclass(frozen=True)
class Frozen:
    """A message whose audience is frozen and not recorded."""

    ledger: Ledger
    message_id: str
    people: Sequence[Recipient]

    @property
    def recorder(self) -> Recorder:
        """Another one whenever it is asked for, as other processes have."""
        message = load_message(self.ledger, self.message_id)
        request = MessageRequest.model_validate(message.request)
        key = KEY if request.opens_conversation else None
        return Recorder(self.ledger, message, request, LAYOUT, "Meridian", SystemClock(), None, key)

    def record_until(self, portion_count: int) -> None:
        """Record so many portions and then end, as a process that is told to."""
        looks = iter([False] * portion_count)
        self.recorder.record_all(lambda: next(looks, True))

    def rows(self) -> list[Any]:
        query = select(Delivery.__table__).where(Delivery.message_id == self.message_id)
        with self.ledger.read() as connection:
            return list(connection.execute(query.order_by(Delivery.person_id)).all())


def freeze(ledger: Ledger, people: Sequence[Recipient], text: str = "Run.", **told: Any) -> Frozen:
    content = {"subject": "Quake", "text": text}
    whole = {"content": content, "selection": {"everyone": True}, "options": {"include_sms": True}}
    request = MessageRequest.model_validate(whole | told)
    asked = request.model_dump(mode="json", exclude_none=True)
    new = a_message("quake", request=asked, kind=request.kind)
    new = replace(new, opens=request if request.opens_conversation else None)
    message, _ = accept_message(ledger, new, NOW)
    audience = replace(an_audience(0), recipients=tuple(people))
    freeze_audience(ledger, message.message_id, audience, *request.channels())
    return Frozen(ledger, message.message_id, people)


def people(count: int, **changes: Any) -> list[Recipient]:
    return [replace(one, **changes) for one in an_audience(count).recipients]


def assert_whole(frozen: Frozen) -> None:
    """Make sure that everybody has a delivery over both channels, and is in the audience."""
    ids = sorted(one.person_id for one in frozen.people)
    for channel in ("email", "sms"):
        assert [one.person_id for one in frozen.rows() if one.channel == channel] == ids
    assert load_pending(frozen.ledger, frozen.message_id) is None
    audience = read_frozen_audience(frozen.ledger, frozen.message_id)
    assert audience.is_intact
    assert audience.digest == digest_audience(frozen.people)


def test_the_first_can_be_delivered_before_the_rest_is_recorded(ledger: Ledger) -> None:
    frozen = freeze(ledger, people(MANY))

    frozen.recorder.record_some()

    queue = read_queue(ledger, frozen.message_id, SystemClock().now())
    assert queue.due_count == 2 * FIRST_PEOPLE
    assert queue.unrecorded_count == 2 * (MANY - FIRST_PEOPLE)
    assert not queue.is_empty
    assert count_statuses(ledger, frozen.message_id) == {
        "email": {"waiting": MANY},
        "sms": {"waiting": MANY},
    }
    frozen.recorder.record_some()  # another run has some first tries to begin with, too
    assert len(frozen.rows()) == 2 * (FIRST_PEOPLE + PORTION_PEOPLE)


@pytest.mark.parametrize("portion_count", [0, 1, 2])
def test_who_goes_on_after_a_crash_records_everybody_once(
    ledger: Ledger, portion_count: int
) -> None:
    frozen = freeze(ledger, people(MANY), "Dear {{ name }}, run.")
    frozen.record_until(portion_count)
    assert load_pending(ledger, frozen.message_id) is not None

    frozen.recorder.record_all(lambda: False)

    assert_whole(frozen)
    query = select(Content.content_digest).where(Content.message_id == frozen.message_id)
    with ledger.read() as connection:
        digests = set(connection.execute(query).scalars())
    assert digests == {one.content_digest for one in frozen.rows()}


def test_several_who_record_at_once_record_everybody_once(ledger: Ledger) -> None:
    frozen = freeze(ledger, people(MANY), "Dear {{ name }}, run.")
    at_once(3, lambda _: frozen.recorder.record_all(lambda: False))
    assert_whole(frozen)


def test_an_audience_in_a_few_people_is_recorded_in_one_portion(ledger: Ledger) -> None:
    frozen = freeze(ledger, people(3))
    frozen.recorder.record_some()
    assert_whole(frozen)


def test_canaries_of_each_country_are_recorded_first(ledger: Ledger) -> None:
    many = people(CANARY_MIN + 400)
    many[600] = replace(many[600], phone="+61491570006")
    many[7] = replace(many[7], phone=None)
    frozen = freeze(ledger, many)

    frozen.recorder.record_some()

    now = SystemClock().now()
    ahead = claim_due(ledger, frozen.message_id, "one", 999, now, "sms", only_canaries=True)
    assert Counter(one.country for one in ahead) == {"US": 18, "AU": 1}
    frozen.recorder.record_all(lambda: False)
    assert sum(one.is_canary for one in frozen.rows()) == len(ahead)


def test_few_people_have_no_canaries(ledger: Ledger) -> None:
    frozen = freeze(ledger, people(CANARY_MIN - 1))
    frozen.recorder.record_all(lambda: False)
    assert not any(one.is_canary for one in frozen.rows())


def test_who_shares_a_number_across_portions_gets_one_text(ledger: Ledger) -> None:
    many = people(FIRST_PEOPLE + 50)
    shared = [0, FIRST_PEOPLE + 3, FIRST_PEOPLE + 9]
    for place in shared:
        many[place] = replace(many[place], phone=many[0].phone)
    frozen = freeze(ledger, many)
    frozen.record_until(1)
    leader = next(one for one in frozen.rows() if one.channel == "sms")
    with ledger.write() as connection:
        mine = Delivery.delivery_id == leader.delivery_id
        taken = update(Delivery).where(mine).values(status="accepted", next_attempt_at=None)
        connection.execute(taken)

    frozen.recorder.record_all(lambda: False)  # another process, which knows of no leader

    texts = {one.person_id: one for one in frozen.rows() if one.channel == "sms"}
    followers = [texts[many[place].person_id] for place in shared[1:]]
    assert [one.same_as for one in followers] == [leader.delivery_id] * 2
    assert [one.status for one in followers] == ["accepted"] * 2
    assert all(one.same_as is None for one in texts.values() if one not in followers)


def test_of_a_message_stopped_in_the_middle_everybody_is_in_the_log(ledger: Ledger) -> None:
    many = people(MANY)
    many[-1] = replace(many[-1], phone=None, email="nowhere")
    frozen = freeze(ledger, many)
    frozen.record_until(1)

    assert stop_message(ledger, frozen.message_id, NOW)

    assert_whole(frozen)
    assert count_stopped(ledger, frozen.message_id).held_back == 2 * (MANY - 1)
    told = {one.reason for one in read_log(ledger, frozen.message_id)}
    assert told == {
        "stopped before it was handed over", "no phone number", "the email address is not valid",
    }  # fmt: skip
    frozen.recorder.record_all(lambda: False)  # whoever was at it finds nothing left
    assert_whole(frozen)


def test_members_of_a_chat_are_members_when_their_invitation_can_be_sent(ledger: Ledger) -> None:
    options = {"include_sms": True, "ok_request": True}
    frozen = freeze(ledger, people(MANY), options=options, chat={})
    query = select(ChatMember.person_id).where(ChatMember.token_digest.is_not(None))

    frozen.recorder.record_some()
    with ledger.read() as connection:
        members = set(connection.execute(query).scalars())
    assert members == {one.person_id for one in frozen.rows()}

    frozen.recorder.record_all(lambda: False)
    with ledger.read() as connection:
        assert len(connection.execute(query).all()) == MANY


def test_who_was_not_invited_before_the_stop_is_a_member_without_a_link(ledger: Ledger) -> None:
    options = {"include_sms": True, "ok_request": True}
    frozen = freeze(ledger, people(MANY), options=options, chat={})
    frozen.record_until(1)

    stop_message(ledger, frozen.message_id, NOW)

    with ledger.read() as connection:
        digests = connection.execute(select(ChatMember.token_digest)).scalars().all()
    assert Counter(one is None for one in digests) == {
        False: FIRST_PEOPLE,
        True: MANY - FIRST_PEOPLE,
    }


def test_a_text_that_fits_nobody_is_told_before_anything_is_recorded(ledger: Ledger) -> None:
    frozen = freeze(ledger, people(MANY), "{% if name == 'x' %}Run.{% endif %}")
    with pytest.raises(TemplateError):
        frozen.recorder.record_some()
    assert frozen.rows() == []


def test_a_text_that_fits_somebody_late_keeps_nobody_from_the_log(ledger: Ledger) -> None:
    many = people(MANY)
    many[-1] = replace(many[-1], name="x")
    frozen = freeze(ledger, many, "{% if name == 'x' %}Run.{% endif %}")
    frozen.recorder.record_some()
    assert_whole(frozen)
    assert Counter(one.status for one in frozen.rows()) == {
        "waiting": 2, "not_attempted": 2 * (MANY - 1),
    }  # fmt: skip
