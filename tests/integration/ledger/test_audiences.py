"""Frozen audiences: any change of a row shows, and the one before is found."""

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from rollcall.domain.message_templates import MessageSettings
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import InputError, LedgerError
from rollcall.ledger.audiences import (
    find_earlier_message,
    find_previous_audience,
    load_places,
    read_frozen_audience,
)
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import accept_message, load_message, set_state
from rollcall.ledger.recording import load_audience
from rollcall.ledger.saved_filters import delete_filter, rename_filter, save_filter
from rollcall.ledger.tables import AudienceMember, Message
from rollcall.ledger.templates import rename_template, save_template
from rollcall.sending.comparing import compare_with_earlier
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    freeze_audience,
    record_deliveries,
)

EVERYONE = parse_selection({"everyone": True})
WHOLE = Selection(saved_filters=("A",))
SETTINGS = MessageSettings.model_validate(
    {"content": {"subject": "Drill", "text": "Hello"}, "selection": {"everyone": True}}
)


def send(ledger: Ledger, number: int, people_count: int, **made_with: Any) -> str:
    """Record a message to so many people, accepted in the given minute; return its id."""
    accepted_at = NOW + timedelta(minutes=number)
    message, _ = accept_message(ledger, a_message(f"k{number}", **made_with), accepted_at)
    freeze_audience(ledger, message.message_id, an_audience(people_count))
    record_deliveries(ledger, message.message_id, [], [], NOW)
    return message.message_id


def test_an_audience_that_nobody_touched_is_intact(ledger: Ledger) -> None:
    message_id = send(ledger, 1, 3)
    frozen = read_frozen_audience(ledger, message_id)
    assert frozen.is_intact
    assert frozen.recipients == an_audience(3).recipients
    assert frozen.digest == frozen.message.audience_digest


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Somebody else"},
        {"email": None},
        {"phone": "+12025550199"},
        {"language": "fr"},
        {"via": [{"by": "person"}]},
        {"person_id": "p9999"},
    ],
)
def test_a_changed_row_shows(ledger: Ledger, change: dict[str, Any]) -> None:
    message_id = send(ledger, 1, 3)
    changed = update(AudienceMember).where(AudienceMember.person_id == "p0001").values(change)
    with ledger.write() as connection:
        connection.execute(changed)
    assert not read_frozen_audience(ledger, message_id).is_intact


def test_a_changed_position_shows(ledger: Ledger) -> None:
    message_id = send(ledger, 1, 3)
    moved = load_audience(ledger, message_id)[0].position
    elsewhere = replace(moved, country="FR").to_json()
    with ledger.write() as connection:
        connection.execute(update(AudienceMember).values(position=elsewhere))
    assert not read_frozen_audience(ledger, message_id).is_intact


def test_an_audience_frozen_with_fewer_facts_of_a_position_is_intact(
    ledger: Ledger,
) -> None:
    """What a later version adds to a position was not frozen: its absence is no change."""
    message_id = send(ledger, 1, 1)
    recipient = load_audience(ledger, message_id)[0]
    told = recipient.to_json()
    told["position"] = {"country": "JP", "source": "report", "at": None}
    line = json.dumps(told, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(line.encode()).hexdigest()
    with ledger.write() as connection:
        connection.execute(update(AudienceMember).values(position=told["position"]))
        connection.execute(update(Message).values(audience_digest=digest))
    assert read_frozen_audience(ledger, message_id).is_intact


def test_a_row_that_was_removed_or_added_shows(ledger: Ledger) -> None:
    message_id = send(ledger, 1, 3)
    with ledger.write() as connection:
        connection.execute(delete(AudienceMember).where(AudienceMember.person_id == "p0001"))
    assert not read_frozen_audience(ledger, message_id).is_intact

    other_id = send(ledger, 2, 3)
    one = an_audience(4).recipients[3]
    row = {"message_id": other_id, "home_country": None} | one.to_json()
    with ledger.write() as connection:
        connection.execute(insert(AudienceMember).values(row))
    assert not read_frozen_audience(ledger, other_id).is_intact


def test_a_row_that_is_no_recipient_any_more_is_told(ledger: Ledger) -> None:
    message_id = send(ledger, 1, 1)
    with ledger.write() as connection:
        connection.execute(update(AudienceMember).values(position={"nonsense": 1}))
    with pytest.raises(LedgerError, match=f"audience of {message_id} cannot be read"):
        read_frozen_audience(ledger, message_id)


def test_a_message_without_an_audience_says_why(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("k"), NOW)
    with pytest.raises(InputError, match="has no audience: it is accepted"):
        read_frozen_audience(ledger, message.message_id)
    set_state(ledger, message.message_id, "refused", reason="matches nobody")
    with pytest.raises(InputError, match="has no audience: it was refused: matches nobody"):
        read_frozen_audience(ledger, message.message_id)


def test_the_message_before_from_the_same_template_is_found(ledger: Ledger) -> None:
    for name in ("T", "other"):
        save_template(ledger, "one_way", name, SETTINGS, NOW)
    first = send(ledger, 1, 1, template="T")
    second = send(ledger, 2, 2, template="T")
    send(ledger, 3, 3, template="other")
    rename_template(ledger, "one_way", "T", "renamed", NOW)

    earlier = find_earlier_message(ledger, load_message(ledger, second))
    assert earlier is not None
    assert (earlier.message_id, earlier.shared) == (first, "template 'T'")
    assert find_earlier_message(ledger, load_message(ledger, first)) is None
    latest = find_previous_audience(ledger, template="renamed")
    assert latest is not None
    assert len(latest) == 2
    assert find_previous_audience(ledger, template="T") is None


def test_the_message_before_with_the_same_saved_filter_is_found(ledger: Ledger) -> None:
    save_filter(ledger, "A", EVERYONE, NOW)
    first = send(ledger, 1, 1, selection=WHOLE)
    send(ledger, 2, 3, selection=Selection(saved_filters=("A",), people=("p1",)))
    second = send(ledger, 3, 2, selection=WHOLE)
    rename_filter(ledger, "A", "B", NOW)

    earlier = find_earlier_message(ledger, load_message(ledger, second))
    assert earlier is not None
    assert (earlier.message_id, earlier.shared) == (first, "dynamic filter 'A'")
    latest = find_previous_audience(ledger, saved_filter="B")
    assert latest is not None
    assert len(latest) == 2


def test_another_filter_of_the_same_name_has_no_message_before(ledger: Ledger) -> None:
    save_filter(ledger, "A", EVERYONE, NOW)
    send(ledger, 1, 1, selection=WHOLE)
    delete_filter(ledger, "A")
    save_filter(ledger, "A", EVERYONE, NOW)
    assert find_previous_audience(ledger, saved_filter="A") is None


def test_a_message_that_was_refused_or_has_no_audience_yet_is_passed_over(ledger: Ledger) -> None:
    save_filter(ledger, "A", EVERYONE, NOW)
    good = send(ledger, 1, 1, selection=WHOLE)
    set_state(ledger, send(ledger, 2, 5, selection=WHOLE), "refused")
    accept_message(ledger, a_message("waiting", selection=WHOLE), NOW + timedelta(minutes=3))
    last = send(ledger, 4, 2, selection=WHOLE)
    earlier = find_earlier_message(ledger, load_message(ledger, last))
    assert earlier is not None
    assert earlier.message_id == good


def test_messages_made_with_nothing_saved_are_compared_with_none(ledger: Ledger) -> None:
    send(ledger, 1, 1, selection=EVERYONE)
    assert compare_with_earlier(ledger, send(ledger, 2, 2, selection=EVERYONE)) is None
    assert find_previous_audience(ledger) is None


def test_a_message_that_is_not_selected_yet_is_not_compared(ledger: Ledger) -> None:
    save_filter(ledger, "A", EVERYONE, NOW)
    send(ledger, 1, 1, selection=WHOLE)
    waiting, _ = accept_message(ledger, a_message("waiting", selection=WHOLE), NOW)
    assert compare_with_earlier(ledger, waiting.message_id) is None


def test_people_whose_country_is_not_known_are_compared_too(ledger: Ledger) -> None:
    message_id = send(ledger, 1, 2)
    nowhere = {"country": None, "source": "none", "latitude": None, "longitude": None, "at": None}
    with ledger.write() as connection:
        one = update(AudienceMember).where(AudienceMember.person_id == "p0001")
        connection.execute(one.values(position=nowhere))
    assert load_places(ledger, message_id) == {"p0000": "JP", "p0001": None}


def test_what_changed_since_the_message_before_is_told(ledger: Ledger) -> None:
    save_filter(ledger, "A", EVERYONE, NOW)
    first = send(ledger, 1, 1, selection=WHOLE)
    comparison = compare_with_earlier(ledger, send(ledger, 2, 3, selection=WHOLE))
    assert comparison is not None
    assert comparison.change.joined_ids == ("p0001", "p0002")
    assert comparison.tell().startswith(
        f"compared with message {first} with dynamic filter 'A': +2 "
    )
