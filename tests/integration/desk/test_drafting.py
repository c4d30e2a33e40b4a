"""Drafts at the desk: senders keep them, what is begun and deleted is recorded, no text with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rollcall.domain.acts import Actor
from rollcall.domain.message_templates import TemplateKind, parse_settings
from rollcall.errors import InputError, NotAllowedError
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.engine import Ledger
from rollcall.ledger.templates import save_template
from tests.dashboards.houses import START, Lived, living_in

VIEWER, SENDER, OTHER = Actor("Vi", "viewer"), Actor("Sue", "sender"), Actor("Otto", "sender")
ADMIN = Actor("Ana", "admin")
TEXTS: dict[TemplateKind, str] = {
    "one_way": '{"content": {"subject": "s", "text": "t"}, "selection": {"groups": ["all"]}}',
    "chat": '{"title": "s", "post": "t", "selection": {"groups": ["all"]}}',
}


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    with living_in(ledger, tmp_path) as one:
        yield one


def recorded(lived: Lived) -> list[tuple[str, str, str | None, str | None]]:
    entries = read_entries(lived.ledger, AuditQuery(), 50)
    return [(one.actor, one.action, one.subject_id, one.outcome) for one in entries]


def test_four_clicks_begin_one_draft(lived: Lived) -> None:
    for _ in range(4):
        lived.house.drafting.open(SENDER, "message", draft_id="d1")
    assert [one.draft_id for one in lived.house.drafting.list_all(SENDER)] == ["d1"]


def test_what_is_begun_and_deleted_is_recorded_and_no_change_is(lived: Lived) -> None:
    drafting = lived.house.drafting
    draft_id = drafting.open(SENDER, "chat").draft_id
    drafting.change(SENDER, draft_id, lambda body: body | {"title": "Fire"})
    drafting.delete(ADMIN, draft_id)
    assert recorded(lived) == [
        ("Ana", "delete_draft", draft_id, "done"),
        ("Sue", "open_draft", draft_id, "done"),
    ]


@pytest.mark.parametrize("kind", TEXTS)
def test_a_draft_from_a_template_says_what_it_says(
    lived: Lived,
    kind: TemplateKind,
) -> None:
    settings = parse_settings(TEXTS[kind], kind)
    template = save_template(lived.ledger, kind, "Quake", settings, START)
    draft = lived.house.drafting.open_from(SENDER, template)
    assert (draft.template_kind, draft.template, draft.title) == (kind, "Quake", "s")
    assert draft.read().selection == settings.selection


def test_nobody_but_senders_keeps_drafts(lived: Lived) -> None:
    drafting = lived.house.drafting
    draft_id = drafting.open(SENDER, "message").draft_id
    acts: list[Callable[[], object]] = [
        lambda: drafting.open(VIEWER, "message"),
        lambda: drafting.load(VIEWER, draft_id),
        lambda: drafting.list_all(VIEWER),
        lambda: drafting.change(VIEWER, draft_id, lambda _: {}),
        lambda: drafting.delete(VIEWER, draft_id),
    ]
    for act in acts:
        with pytest.raises(NotAllowedError):
            act()
    with pytest.raises(InputError, match="somebody else's"):
        drafting.load(OTHER, draft_id)
    assert drafting.load(ADMIN, draft_id).owner == "Sue"
