"""The desk itself: whoever calls it, by whatever way, may do what their role may and no more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from rollcall.desk.foresight import foresee_order
from rollcall.domain.acts import Actor, Role
from rollcall.domain.message import MessageRequest, parse_request
from rollcall.domain.message_templates import parse_settings, settings_of
from rollcall.domain.selection import parse_selection
from rollcall.errors import ConfigError, InputError, NotAllowedError, RequestError
from rollcall.ledger.audit import AuditQuery, AuditRecord, read_entries
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import set_state
from rollcall.ledger.saved_filters import list_filters
from rollcall.ledger.tables import Message
from rollcall.ledger.templates import list_templates
from rollcall.sending.accepting import Order
from tests.dashboards.houses import START, Lived, living_in
from tests.integration.ledger.records import queue_message
from tests.people import write_people

TOLD = '{"content": {"subject": "Drill", "text": "Hello"}, "selection": {"groups": ["all"]}}'
ADMIN = Actor("Ana", "admin")


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    write_people(tmp_path / "source", count=5)
    with living_in(ledger, tmp_path) as one:
        yield one


def an_order(lived: Lived, key: str | None = "k") -> Order:
    source = lived.house.settings.source
    assert source is not None
    return Order(parse_request(TOLD), source, key)


def entries(lived: Lived) -> list[AuditRecord]:
    return read_entries(lived.ledger, AuditQuery(), 50)


def settled(lived: Lived) -> str:
    """Record a message by email to two people that reached nobody."""
    message_id = queue_message(lived.ledger, 2, "email")
    request = parse_request(TOLD).model_dump(mode="json", exclude_none=True)
    with lived.ledger.write() as connection:
        connection.execute(update(Message).values(request=request))
    set_state(lived.ledger, message_id, "sent", closed_at=START)
    return message_id


Act = Callable[[Lived, Actor, str], object]
ACTS: dict[str, Act] = {
    "send": lambda lived, actor, _: lived.house.desk.send(actor, an_order(lived)),
    "stop": lambda lived, actor, its_id: lived.house.desk.stop(actor, its_id, 0),
    "retry": lambda lived, actor, its_id: lived.house.desk.retry(actor, its_id, "r"),
    "correct": lambda lived, actor, its_id: lived.house.desk.correct(
        actor, its_id, "c", '{"content": {"subject": "s", "text": "t"}}'
    ),
    "save_template": lambda lived, actor, _: lived.house.keeping.save_template(
        actor, "one_way", "Quake", parse_settings(TOLD)
    ),
    "save_filter": lambda lived, actor, _: lived.house.keeping.save_filter(
        actor, "Tokyo", parse_selection({"groups": ["all"]})
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_viewer_cannot_act_by_calling_the_library_either(lived: Lived, name: str) -> None:
    message_id = settled(lived)
    before = list_messages(lived.ledger)
    with pytest.raises(NotAllowedError, match="a viewer may not send, stop or change anything"):
        ACTS[name](lived, Actor("Vi", "viewer"), message_id)
    assert list_messages(lived.ledger) == before
    assert list_templates(lived.ledger, "one_way") == []
    assert list_filters(lived.ledger) == []
    [entry] = entries(lived)
    assert (entry.actor, entry.action, entry.outcome) == ("Vi", name, "refused")


@pytest.mark.parametrize("name", [name for name in ACTS if name != "correct"])
@pytest.mark.parametrize("role", ["sender", "admin"])
def test_a_sender_and_an_admin_act_and_it_is_recorded(lived: Lived, name: str, role: Role) -> None:
    message_id = settled(lived)
    ACTS[name](lived, Actor("Bo", role, 5 if role == "sender" else None), message_id)
    [entry] = entries(lived)
    assert (entry.actor, entry.role, entry.action, entry.outcome) == ("Bo", role, name, "done")
    assert entry.subject_id


def test_the_same_key_is_one_message_however_often_it_is_sent(lived: Lived) -> None:
    sent = [lived.house.desk.send(ADMIN, an_order(lived)) for _ in range(4)]
    assert [is_new for _, is_new in sent] == [True, False, False, False]
    assert len(list_messages(lived.ledger)) == 1
    assert [one.outcome for one in entries(lived)] == ["done"] * 4


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_sent(lived: Lived, key: str | None) -> None:
    with pytest.raises(InputError, match="the key is empty"):
        lived.house.desk.send(ADMIN, an_order(lived, key))
    assert list_messages(lived.ledger) == []


def test_a_limit_is_counted_before_anything_is_accepted(lived: Lived) -> None:
    with pytest.raises(NotAllowedError, match="goes to 5 people, and you may send to 4 at once"):
        lived.house.desk.send(Actor("Bo", "sender", 4), an_order(lived))
    assert list_messages(lived.ledger) == []
    assert [(one.outcome, one.people_count) for one in entries(lived)] == [("refused", 5)]


def test_within_a_limit_it_goes_to_those_who_were_counted_or_to_nobody(lived: Lived) -> None:
    bo = Actor("Bo", "sender", 5)
    message, _ = lived.house.desk.send(bo, an_order(lived))
    digest = foresee_order(lived.house.app.steps, an_order(lived), None).digest
    assert message.request["expected_audience"] == digest
    source = lived.house.settings.source
    assert source is not None
    write_people_anew(source, 4)
    again, is_new = lived.house.desk.send(bo, an_order(lived))
    assert (again.message_id, is_new) == (message.message_id, False)


def write_people_anew(source: Path, count: int) -> None:
    (source / "people.csv").unlink()
    source.rmdir()
    write_people(source, count=count)


def test_whom_one_has_looked_at_is_not_exchanged_for_others_within_the_limit(
    lived: Lived,
) -> None:
    order = an_order(lived)
    seen = order.request.model_copy(update={"expected_audience": "0" * 64})
    with pytest.raises(InputError, match="has changed since you looked"):
        lived.house.desk.send(Actor("Bo", "sender", 5), replace(order, request=seen))
    assert list_messages(lived.ledger) == []


def test_a_key_that_stands_for_something_else_is_refused(lived: Lived) -> None:
    lived.house.desk.send(ADMIN, an_order(lived))
    other = parse_request(TOLD.replace("Hello", "Other"))
    with pytest.raises(RequestError, match="asks for something else"):
        lived.house.desk.send(ADMIN, replace(an_order(lived), request=other))
    assert sorted(str(one.outcome) for one in entries(lived)) == ["done", "failed"]


def test_a_message_is_stopped_whatever_is_wrong_with_the_routes(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 2)
    lived.house.settings.routes_file.unlink()
    with pytest.raises(ConfigError):
        lived.house.desk.send(ADMIN, an_order(lived))
    assert lived.house.desk.stop(ADMIN, message_id, 0).counts.held_back == 2


def test_foresight_tells_what_changed_since_the_last_use(lived: Lived) -> None:
    message_id = queue_message(lived.ledger, 3)  # p0000 to p0002, in Japan
    seen = foresee_order(lived.house.app.steps, an_order(lived), message_id)
    assert (seen.people_count, seen.unreachable_count) == (5, 0)
    assert seen.change is not None
    assert seen.change.joined_ids == ("p0003", "p0004")
    assert seen.change.gone_countries == ("JP",)
    assert sum(seen.by_country.values()) == 5


def test_what_is_kept_of_a_message_is_what_it_was_made_from() -> None:
    assert settings_of(MessageRequest.model_validate_json(TOLD)) == parse_settings(TOLD)
