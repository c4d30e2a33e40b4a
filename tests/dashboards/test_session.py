"""Whoever looks at a page is somebody: asked at every run."""

import pytest

from dashboards.navigation import views_of
from rollcall.domain.acts import ROLES, Actor, Role
from rollcall.ledger.desk_sessions import end_session
from tests.dashboards.houses import Lived, text_of


@pytest.mark.parametrize("session_id", [None, "made-up"])
def test_a_stranger_sees_the_way_in_and_nothing_else(lived: Lived, session_id: str | None) -> None:
    page = lived.look_as("log", session_id)
    assert [one.value for one in page.warning] == [
        "You are not signed in, or your session has ended."
    ]
    assert not page.title
    assert not page.button


@pytest.mark.parametrize(
    ("role", "path"),
    [(role, view.path) for role in ROLES for view in views_of(Actor("somebody", role))],
)
def test_every_view_opens_on_an_empty_ledger(lived: Lived, role: Role, path: str) -> None:
    page = lived.look(path, role)
    assert not page.exception
    assert page.title


def test_a_session_that_ends_is_out_with_the_next_click(lived: Lived) -> None:
    session_id = lived.sign_in("admin")
    page = lived.look_as("log", session_id)
    assert page.title
    end_session(lived.ledger, session_id, lived.clock.now())
    page.run()
    assert not page.title


def test_a_session_expires(lived: Lived) -> None:
    page = lived.look_as("log", lived.sign_in("admin"))
    lived.clock.go_on(hours=12)
    page.run()
    assert not page.title


def test_the_page_says_who_one_is_and_what_one_may(lived: Lived) -> None:
    page = lived.look_as("log", lived.sign_in("sender", "Ana *Admin*", limit=3))
    assert r"Ana \*Admin\* · sender, up to 3 people at once" in text_of(page)
