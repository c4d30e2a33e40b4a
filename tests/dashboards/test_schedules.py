"""Schedules while Prefect is away; with a server: `tests/e2e/test_schedule_view.py`."""

from collections.abc import Iterator

import pytest
from prefect.context import refresh_global_settings_context

from rollcall.errors import PrefectError
from rollcall.ledger.audit import AuditQuery, read_entries
from tests.dashboards.houses import Lived
from tests.ports import find_free_port


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a Prefect server that does not answer, known to all threads."""
    address = f"http://127.0.0.1:{find_free_port()}/api"
    with monkeypatch.context() as patched:
        patched.setenv("PREFECT_API_URL", address)
        refresh_global_settings_context()
        yield address
    refresh_global_settings_context()


@pytest.mark.parametrize("role", ["viewer", "sender", "admin"])
def test_with_prefect_away_the_page_says_so_in_a_sentence(
    lived: Lived, away: str, role: str
) -> None:
    page = lived.look("schedules", role)  # type: ignore[arg-type]
    assert not page.exception
    assert page.title[0].value == "Schedules"
    [told] = [one.value.replace("\\", "") for one in page.error]
    assert told == (f"Schedules cannot be shown or changed now: Prefect at {away} does not answer.")
    assert [one.label for one in page.button] == ["Look again"]


def test_without_prefect_the_page_says_which_setting_is_missing(lived: Lived) -> None:
    page = lived.look("schedules", schedule="morning")
    assert not page.exception
    assert "PREFECT_API_URL names none" in page.error[0].value.replace("\\", "")


@pytest.mark.usefixtures("away")
def test_of_an_act_that_prefect_did_not_answer_no_end_is_recorded(lived: Lived) -> None:
    with pytest.raises(PrefectError, match="does not answer"):
        lived.house.scheduling.delete(lived.actor("admin"), "morning")
    [entry] = read_entries(lived.ledger, AuditQuery(), 9)
    assert (entry.action, entry.subject_id, entry.outcome) == ("delete_schedule", "morning", None)
