"""The audit view: who did what, told in words; nobody's text."""

from rollcall.domain.acts import ACTIONS, Actor
from rollcall.ledger.audit import begin_entry, end_entry
from tests.dashboards.houses import START, Lived, html_of, text_of


def record(lived: Lived, name: str, outcome: str | None, count: int | None = None) -> None:
    entry_id = begin_entry(lived.ledger, Actor(name, "sender"), "stop", START, "m1")
    if outcome:
        end_entry(lived.ledger, entry_id, outcome, people_count=count)  # type: ignore[arg-type]


def test_acts_are_told_in_words_with_how_they_ended(lived: Lived) -> None:
    record(lived, "<b>Ana</b>", "done", 1234)
    record(lived, "Bo", "refused")
    record(lived, "Cy", None)
    told = html_of(lived.look("audit", "viewer"))
    assert "&lt;b&gt;Ana&lt;/b&gt;" in told
    assert "stopped a message" in told
    assert '<td class="n">1,234</td>' in told
    assert "refused: not allowed" in told
    assert "end unknown" in told
    assert 'title="2026-11-23T06:00:00Z"' in told


def test_acts_are_found_by_who_did_them(lived: Lived) -> None:
    record(lived, "Ana", "done")
    record(lived, "Bo", "done")
    page = lived.look("audit")
    page.selectbox(key="audit_actor").select("Bo").run()
    assert ">Bo <" in html_of(page)
    assert ">Ana <" not in html_of(page)
    page.selectbox(key="audit_action").select("send").run()
    assert "Nothing is like that." in text_of(page)


def test_acts_of_long_ago_are_left_out_where_that_is_asked(lived: Lived) -> None:
    record(lived, "Ana", "done")
    lived.clock.go_on(days=8)
    page = lived.look("audit")
    assert ">Ana <" in html_of(page)
    page.selectbox(key="audit_span").select("a week").run()
    assert "Nothing is like that." in text_of(page)


def test_every_act_has_words() -> None:
    assert all(words and words == words.strip() for words in ACTIONS.values())
