"""The check before sending says what changed since the last message that was made with the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollcall.desk.composing import Composing
from rollcall.domain.message_templates import parse_settings
from rollcall.domain.selection import parse_selection
from rollcall.ledger.engine import Ledger
from rollcall.ledger.saved_filters import save_filter
from rollcall.ledger.templates import save_template
from tests.dashboards.houses import START, Lived, living_in
from tests.integration.desk.test_composing import ADMIN, begin, grow, run
from tests.people import write_people


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    write_people(tmp_path / "source", count=5)
    with living_in(ledger, tmp_path, public_url="https://safe.example.org") as one:
        yield one


@pytest.fixture
def composing(lived: Lived) -> Composing:
    assert lived.house.settings.source is not None
    return Composing(lived.house.desk, lived.house.settings.source)


def test_what_changed_since_the_last_time_is_told_for_a_dynamic_filter(
    lived: Lived, composing: Composing
) -> None:
    save_filter(lived.ledger, "All", parse_selection({"groups": ["all"]}), START)
    selection = {"saved_filters": ["All"]}
    assert composing.check(ADMIN, begin(lived, selection=selection)).check.last_time is None
    first, _ = composing.send(ADMIN, composing.check(ADMIN, begin(lived, selection=selection)))
    run(lived.house.app.steps, first.message_id)
    grow(composing, 6)
    last = composing.check(ADMIN, begin(lived, selection=selection)).check.last_time
    assert last is not None
    assert (last.message_id, last.people_count) == (first.message_id, 5)
    assert last.change is not None
    assert last.change.joined_ids == ("p0005",)


def test_what_changed_since_the_last_time_is_told_for_any_selection(
    lived: Lived, composing: Composing
) -> None:
    told = {"groups": ["all"], "people": ["p0001", "p0000"]}
    assert composing.check(ADMIN, begin(lived, selection=told)).check.last_time is None
    first, _ = composing.send(ADMIN, composing.check(ADMIN, begin(lived, selection=told)))
    run(lived.house.app.steps, first.message_id)
    grow(composing, 6)
    turned = {"people": ["p0000", "p0001"], "groups": ["all"]}
    last = composing.check(ADMIN, begin(lived, selection=turned)).check.last_time
    assert last is not None
    assert (last.message_id, last.people_count) == (first.message_id, 5)
    assert last.change is not None
    assert last.change.joined_ids == ("p0005",)
    other = {"people": ["p0000", "p0001"]}
    assert composing.check(ADMIN, begin(lived, selection=other)).check.last_time is None


def test_a_draft_from_a_template_is_compared_with_the_last_message_of_it(
    lived: Lived, composing: Composing
) -> None:
    settings = parse_settings('{"content": {"subject": "Drill", "text": "Run"},'
                              ' "selection": {"groups": ["all"]}}')  # fmt: skip
    template = save_template(lived.ledger, "one_way", "Quake", settings, START)
    first_id, second_id = (
        lived.house.drafting.open_from(ADMIN, template).draft_id for _ in range(2)
    )
    first, _ = composing.send(ADMIN, composing.check(ADMIN, first_id))
    assert first.template_name == "Quake"
    run(lived.house.app.steps, first.message_id)
    grow(composing, 200)
    check = composing.check(ADMIN, second_id).check
    assert check.last_time is not None
    assert check.last_time.message_id == first.message_id
    [objection] = check.objections
    assert "went to 5 people, this one would go to 200" in objection
