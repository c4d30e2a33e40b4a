"""The schedules' page with a real Prefect server behind it."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.context import refresh_global_settings_context
from streamlit.testing.v1 import AppTest

from rollcall.domain.acts import Actor
from rollcall.domain.message_templates import parse_settings
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import Timing
from rollcall.domain.selection import parse_selection
from rollcall.errors import InputError, NotAllowedError
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.saved_filters import save_filter
from rollcall.ledger.templates import save_template
from rollcall.schedules.book import Schedule, find_schedule, list_schedules
from rollcall.schedules.connection import connected
from tests.dashboards.houses import START, Lived, html_of, living_in
from tests.e2e.test_schedules import far_off, find_runs
from tests.people import write_people

ADMIN = Actor("Ana", "admin")
MORNING = Timing("Asia/Tokyo", cron=f"{far_off('Asia/Tokyo')} * * 1-5")
LATER = Timing("Asia/Tokyo", cron=f"{far_off('Asia/Tokyo', hours=13)} * * 1-5")

pytestmark = [
    pytest.mark.usefixtures("everywhere"),
    # Prefect's clients leave sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def everywhere(deployed: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's address, known to all threads."""
    with monkeypatch.context() as patched:
        patched.setenv("PREFECT_API_URL", deployed)
        refresh_global_settings_context()
        yield
    refresh_global_settings_context()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate_ledger(opened)
    yield opened
    opened.close()


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    write_people(tmp_path / "source", count=5)
    told = '{"content": {"subject": "s", "text": "t"}, "selection": {"groups": ["all"]}}'
    for name in ("Morning", "Evening"):
        save_template(ledger, "one_way", name, parse_settings(told), START)
    save_filter(ledger, "One of them", parse_selection({"people": ["p0000"]}), START)
    with living_in(ledger, tmp_path) as one:
        yield one


@pytest.fixture
def name() -> Iterator[str]:
    """A name that no other test has used on the server; what begins with it is removed again."""
    name = f"v-{uuid.uuid4().hex[:12]}"
    yield name
    with get_client(sync_client=True) as client:
        for one in list_schedules(client):
            if one.name.startswith(name):
                client.delete_deployment_schedule(one.deployment_id, one.schedule_id)


def find(name: str) -> Schedule:
    with connected() as client:
        return find_schedule(client, name)


def told_of(page: AppTest) -> str:
    return "\n".join(one.value for one in (*page.error, *page.success)).replace("\\", "")


def key_of(page: AppTest) -> str:
    """Return the key of the form that is shown: that in the name of its button."""
    [found] = [str(one.key) for one in page.button if one.label == "Save"]
    return found.removeprefix("schedule_save_")


def test_a_schedule_is_made_with_its_next_runs_before_one(lived: Lived, name: str) -> None:
    page = lived.look("schedules", "sender")
    key = key_of(page)
    assert page.selectbox(key=f"schedule_zone_{key}").value == "Asia/Tokyo"  # the viewer's own
    page.text_input(key=f"schedule_name_{key}").set_value(name)
    page.selectbox(key=f"schedule_template_one_way_{key}").set_value("Morning")
    page.multiselect(key=f"schedule_filters_{key}").set_value(["One of them"])
    page.selectbox(key=f"schedule_zone_{key}").set_value("Europe/Paris")
    page.text_input(key=f"schedule_cron_{key}").set_value("0 7 * * 1-5").run()
    for _ in range(2):  # before it is saved, and when it is
        assert ">Tue 24 Nov 2026, 07:00 CET<" in html_of(page)
        assert 'title="2026-11-24T06:00:00Z">24 Nov 2026, 15:00:00 JST<' in html_of(page)
        if page.query_params.get("schedule") is None:
            page.button(key=f"schedule_save_{key}").click().run()
    assert not page.exception
    assert f"'{name}' is saved, and active" in told_of(page)
    assert page.query_params["schedule"] == name
    order = find(name).order
    assert order == ScheduledOrder("one_way", "Morning", saved_filters=("One of them",))
    assert find_runs(name)
    page.button(key="schedule_judge").click().run()
    assert "**It would go to 1 person now.**" in [one.value for one in page.markdown]


def test_a_schedule_is_paused_resumed_and_deleted(lived: Lived, name: str) -> None:
    order = ScheduledOrder("one_way", "Morning")
    lived.house.scheduling.add(ADMIN, name, order, MORNING)
    page = lived.look("schedules", "sender", schedule=name)
    page.button(key="schedule_pause").click().run()
    assert not find(name).is_active
    assert "<b>paused</b>" in html_of(page)
    page.button(key="schedule_resume").click().run()
    assert find(name).is_active
    assert find(name).order == order
    assert {run.parameters["order"]["template"] for run in find_runs(name)} == {"Morning"}
    page.button(key="act_delete").click().run()
    assert find(name).is_active
    page.button(key="act_go").click().run()
    assert told_of(page) == f"'{name}' is deleted"
    assert find_runs(name) == []
    done = sorted(one.action for one in read_entries(lived.ledger, AuditQuery(), 9))
    assert done == ["delete_schedule", "pause_schedule", "resume_schedule", "save_schedule"]


def test_a_schedule_is_changed_and_its_runs_with_it(lived: Lived, name: str) -> None:
    order = ScheduledOrder("one_way", "Morning", saved_filters=("One of them",))
    made = lived.house.scheduling.add(ADMIN, name, order, MORNING)
    page = lived.look("schedules", "sender", schedule=name)
    key = key_of(page)
    assert page.text_input(key=f"schedule_cron_{key}").value == MORNING.cron
    page.selectbox(key=f"schedule_template_one_way_{key}").set_value("Evening")
    page.radio(key=f"schedule_how_{key}").set_value("rrule").run()
    page.text_area(key=f"schedule_rrule_{key}").set_value("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9").run()
    page.button(key=f"schedule_save_{key}").click().run()
    assert not page.exception
    assert f"'{name}' is changed" in told_of(page)
    changed = find(name)
    assert changed.schedule_id == made.schedule_id
    assert changed.order == replace(order, template="Evening")
    assert {run.parameters["order"]["template"] for run in find_runs(name)} == {"Evening"}
    assert ">Mon 30 Nov 2026, 09:00 JST<" in html_of(page)
    assert key_of(page) != key


def test_mistakes_in_the_form_are_told_and_save_nothing(lived: Lived, name: str) -> None:
    page = lived.look("schedules", "sender")
    key = key_of(page)
    page.button(key=f"schedule_save_{key}").click().run()
    assert told_of(page) == "choose a template"
    page.selectbox(key=f"schedule_template_one_way_{key}").set_value("Morning").run()
    page.text_input(key=f"schedule_name_{key}").set_value(name)
    page.text_input(key=f"schedule_cron_{key}").set_value("0 0 30 2 *").run()
    assert "never fires" in page.warning[0].value
    page.text_input(key=f"schedule_cron_{key}").set_value("*/15 * * * *").run()
    page.button(key=f"schedule_save_{key}").click().run()
    assert "it would say the same again after 900 s" in told_of(page)
    assert page.text_input(key=f"schedule_name_{key}").value == name
    with pytest.raises(InputError, match="there is no schedule"):
        find(name)


def test_a_viewer_sees_schedules_and_changes_nothing(lived: Lived, name: str) -> None:
    lived.house.scheduling.add(ADMIN, name, ScheduledOrder("one_way", "Morning"), MORNING)
    page = lived.look("schedules", "viewer")
    [row] = [one for one in page.button if one.label.replace("\\", "") == name]
    row.click().run()
    assert "template &#x27;Morning&#x27;" in html_of(page)
    assert [one.label for one in page.button] == ["Back to all schedules"]
    for act in (
        lambda: lived.house.scheduling.set_active(Actor("Vi", "viewer"), name, active=False),
        lambda: lived.house.scheduling.delete(Actor("Vi", "viewer"), name),
        lambda: lived.house.scheduling.change(
            Actor("Vi", "viewer"), find(name), None, Timing("UTC", cron="0 8 * * *")
        ),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert find(name).is_active


def test_a_senders_limit_holds_for_schedules(lived: Lived, name: str) -> None:
    scheduling, bo = lived.house.scheduling, Actor("Bo", "sender", 4)
    everybody = ScheduledOrder("one_way", "Morning")
    with pytest.raises(NotAllowedError, match="goes to 5 people, and you may send to 4 at once"):
        scheduling.add(bo, name, everybody, MORNING)
    one = ScheduledOrder("one_way", "Morning", saved_filters=("One of them",))
    made = scheduling.add(bo, name, one, MORNING)
    with pytest.raises(NotAllowedError, match="goes to 5 people"):
        scheduling.change(bo, made, everybody, None)
    assert find(name).order == one
    assert scheduling.set_active(bo, name, active=False).is_active is False
    assert scheduling.set_active(bo, name, active=True).is_active


def test_who_has_a_limit_lets_nothing_fire_that_goes_beyond_it(lived: Lived, name: str) -> None:
    scheduling, bo = lived.house.scheduling, Actor("Bo", "sender", 4)
    made = scheduling.add(ADMIN, name, ScheduledOrder("one_way", "Morning"), MORNING)
    with pytest.raises(NotAllowedError, match="goes to 5 people"):
        scheduling.change(bo, made, None, Timing("UTC", cron="0 8 * * *"))
    assert not scheduling.set_active(bo, name, active=False).is_active  # to stop it anybody may
    with pytest.raises(NotAllowedError, match="goes to 5 people"):
        scheduling.set_active(bo, name, active=True)
    assert not find(name).is_active
    assert scheduling.set_active(ADMIN, name, active=True).is_active


def test_what_somebody_else_changed_meanwhile_is_not_written_over(lived: Lived, name: str) -> None:
    scheduling = lived.house.scheduling
    seen = scheduling.add(ADMIN, name, ScheduledOrder("one_way", "Morning"), MORNING)
    scheduling.set_active(ADMIN, name, active=False)  # that is no change of what it sends
    scheduling.change(ADMIN, seen, None, LATER)
    with pytest.raises(InputError, match="changed by somebody else"):
        scheduling.change(ADMIN, seen, ScheduledOrder("one_way", "Evening"), None)
    assert not find(name).is_active
    kept = find(name).order
    assert kept is not None
    assert kept.template == "Morning"
