"""Messages that go to the app too: from an order to what the telephones read."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rollcall.domain.message import Followed, FollowUp, MessageRequest
from rollcall.domain.personal_links import digest_token
from rollcall.errors import ConfigError, SelectionError
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.follow_ups import select_followed
from rollcall.ledger.log import LogEntry, read_log
from rollcall.ledger.messages import load_message
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.push_service import PushService, start_push_service
from rollcall.sending.accepting import Order, accept_order
from rollcall.sending.drain import drain
from rollcall.sending.steps import SendReport
from rollcall.settings import DeliverySettings, Settings
from rollcall.wiring import App, build_app, push_public_key
from tests.integration.devices import add_device, read_endpoints, revoke_device
from tests.integration.sending.conftest import RunSandbox
from tests.integration.sending.sends import read_tries
from tests.people import write_people

PUSH_ROUTE = """
[[route]]
id = "app"
kind = "webpush"
subject = "mailto:crisis@example.org"
allow_loopback = true
connect_timeout_s = 2.0
answer_timeout_s = 5.0
"""
PUBLIC_URL = "https://safe.example.org"
BESIDE_EMAIL = {"include_push": True}
ALONE = {"include_push": True, "include_email": False}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    with start_push_service(tmp_path) as running:
        yield running


@pytest.fixture
def settings(run_sandbox: RunSandbox, ledger_url: str, tmp_path: Path) -> Settings:
    """Four people, a mail server, and the way to the app."""
    sandbox = run_sandbox(make_plan("clean", seed=1))
    write_people(tmp_path / "people", 4)
    routes_file = tmp_path / "routes_with_push.toml"
    routes_file.write_text(sandbox.routes_file.read_text("utf-8") + PUSH_ROUTE, "utf-8")
    return Settings(
        data_dir=tmp_path / "data",
        ledger_url=ledger_url,
        routes_file=routes_file,
        public_url=PUBLIC_URL,
        delivery=DeliverySettings(first_wait_s=0.05, longest_wait_s=0.2),
    )


@contextmanager
def opened(settings: Settings) -> Iterator[App]:
    """Build an app; closed at the end."""
    app = build_app(settings)
    try:
        yield app
    finally:
        asyncio.run(app.aclose())


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    with opened(settings) as built:
        yield built


@pytest.fixture
def enrol(app: App, service: PushService, settings: Settings) -> Callable[[str, str], None]:
    """Enrol a device whose browser takes our notifications alone."""
    own_key = push_public_key(settings)

    def do(person_id: str, device: str) -> None:
        add_device(app.ledger, person_id, service.subscribe(device, own_key))

    return do


def without_push(settings: Settings) -> Settings:
    """Return settings under which the way to the app is configured no more."""
    routes_file = settings.routes_file
    plain = routes_file.with_name("routes_without_push.toml")
    plain.write_text(routes_file.read_text("utf-8").replace(PUSH_ROUTE, ""), "utf-8")
    return settings.model_copy(update={"routes_file": plain})


def open_chat(app: App, settings: Settings, options: dict[str, Any], **rest: Any) -> str:
    told = {
        "content": {"subject": "Flood", "text": "Are you safe? {{ link }}"},
        "selection": {"everyone": True},
        "options": options,
        "chat": {},
    }
    order = Order(MessageRequest.model_validate(told | rest), settings.data_dir.parent / "people")
    links = app.steps.links
    record, _ = accept_order(order, app.ledger, app.book, app.steps.layout, app.clock, links=links)
    return record.message_id


def prepare(app: App, message_id: str) -> None:
    """Take a message to where its deliveries are recorded, as the flow does."""
    steps = app.steps
    steps.claim_message(message_id)
    steps.load_snapshot(message_id)
    steps.select_audience(message_id)
    steps.record_first(message_id)
    steps.record_rest(message_id)


def deliver(app: App, message_id: str) -> SendReport:
    """Deliver a message that is recorded, to the end."""

    async def run_to_end() -> None:
        async with asyncio.timeout(60), app.steps.start_run(message_id) as run:
            await drain(run, run.deliver_batch)
        await app.book.aclose()  # on the loop that its connections belong to

    asyncio.run(run_to_end())
    return app.steps.close_message(message_id)


def send(app: App, message_id: str) -> SendReport:
    """Record a message and deliver it to the end."""
    prepare(app, message_id)
    return deliver(app, message_id)


def followed(app: App, message_id: str, who: Followed) -> list[str]:
    audience = select_followed(app.ledger, FollowUp(message_id=message_id, who=who))
    return [one.person_id for one in audience.recipients]


def pushes(app: App, message_id: str) -> dict[str, LogEntry]:
    return {one.person_id: one for one in read_log(app.ledger, message_id) if one.channel == "push"}


def test_a_chat_reaches_every_device_and_drops_what_is_gone(
    app: App,
    settings: Settings,
    service: PushService,
    enrol: Callable[[str, str], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for person_id, device in (
        ("p0000", "phone"), ("p0000", "tablet"), ("p0001", "gone"), ("p0002", "other"),
    ):  # fmt: skip
        enrol(person_id, device)
    service.forget("gone")
    message_id = open_chat(app, settings, BESIDE_EMAIL)

    report = send(app, message_id)

    assert report.counts == {
        "email": {"accepted": 4},
        "push": {"accepted": 2, "not_delivered": 1},
    }
    assert (report.state, report.gave_up_count, report.is_complete) == ("sent", 0, True)
    assert sorted(one.device for one in service.notifications()) == ["other", "phone", "tablet"]
    assert service.refusals == []
    told = pushes(app, message_id)
    assert {one: (told[one].status, told[one].attempt_count) for one in told} == {
        "p0000": ("accepted", 1),
        "p0001": ("not_delivered", 1),
        "p0002": ("accepted", 1),
    }
    endpoints = read_endpoints(app.ledger)
    assert endpoints["gone"] is None
    assert all(endpoints[device] for device in ("phone", "tablet", "other"))
    with pytest.raises(SelectionError, match="it reached everybody"):
        followed(app, message_id, "not_reached")
    written = f"{read_log(app.ledger, message_id)} {read_tries(app.ledger, message_id)}"
    ours = [one for one in caplog.records if not one.name.startswith(("uvicorn", "mail"))]
    assert ours
    assert "/push/" not in written + " ".join(one.getMessage() for one in ours)


def test_everybody_reads_their_own_link(
    app: App, settings: Settings, service: PushService, enrol: Callable[[str, str], None]
) -> None:
    enrol("p0000", "phone")
    enrol("p0001", "other")
    message_id = open_chat(app, settings, BESIDE_EMAIL)
    send(app, message_id)
    query = select(ChatMember.person_id, ChatMember.token_digest)
    with app.ledger.read() as connection:
        digests = {row.person_id: row.token_digest for row in connection.execute(query)}
    for device, person_id in (("phone", "p0000"), ("other", "p0001")):
        (taken,) = service.notifications(device)
        base_url, _, token = taken.payload["url"].rpartition("/")
        assert base_url == f"{PUBLIC_URL}/c"
        assert digest_token(token) == digests[person_id]
        assert (taken.payload["title"], taken.payload["body"]) == ("Flood", "Are you safe?")


def test_a_lost_answer_is_repeated_under_the_same_topic_and_nobody_is_unconfirmed(
    app: App, settings: Settings, service: PushService, enrol: Callable[[str, str], None]
) -> None:
    enrol("p0000", "phone")
    service.answer_next("phone", "lost", 503, "lost")
    message_id = open_chat(app, settings, BESIDE_EMAIL)
    report = send(app, message_id)
    assert report.counts["push"] == {"accepted": 1}
    assert report.tries["app"] == {"accepted": 1, "temporary": 1, "uncertain": 2}
    taken = service.notifications("phone")
    assert len(taken) == 3
    assert len({(one.topic, one.payload["id"], one.payload["url"]) for one in taken}) == 1


def test_over_the_app_alone_who_lacks_it_is_not_reached_and_can_be_sent_to_again(
    app: App, settings: Settings, service: PushService, enrol: Callable[[str, str], None]
) -> None:
    enrol("p0000", "phone")
    enrol("p0001", "gone")
    service.forget("gone")
    message_id = open_chat(app, settings, ALONE)
    report = send(app, message_id)
    assert report.counts == {"push": {"accepted": 1, "not_attempted": 2, "not_delivered": 1}}
    assert pushes(app, message_id)["p0003"].reason == "no app that takes notifications"
    assert followed(app, message_id, "not_reached") == ["p0001", "p0002", "p0003"]
    assert followed(app, message_id, "reached") == ["p0000"]


def test_without_a_route_to_the_app_email_carries_the_chat(
    settings: Settings, enrol: Callable[[str, str], None]
) -> None:
    enrol("p0000", "phone")
    with opened(without_push(settings)) as without:
        message_id = open_chat(without, settings, BESIDE_EMAIL)
        report = send(without, message_id)
        assert report.counts == {"email": {"accepted": 4}}
        assert report.is_complete
        with pytest.raises(ConfigError, match="no route is configured for push"):
            open_chat(without, settings, ALONE)


def test_a_route_that_is_taken_away_in_between_holds_nothing_up(
    app: App, settings: Settings, service: PushService, enrol: Callable[[str, str], None]
) -> None:
    enrol("p0000", "phone")
    message_id = open_chat(app, settings, BESIDE_EMAIL)
    prepare(app, message_id)
    with opened(without_push(settings)) as without:
        report = deliver(without, message_id)
    assert report.counts == {"email": {"accepted": 4}, "push": {"not_delivered": 1}}
    assert load_message(app.ledger, message_id).state == "sent"
    assert not report.is_complete
    assert service.notifications() == []


def test_a_device_that_was_revoked_since_gets_nothing(
    app: App, settings: Settings, service: PushService, enrol: Callable[[str, str], None]
) -> None:
    enrol("p0000", "phone")
    message_id = open_chat(app, settings, BESIDE_EMAIL)
    prepare(app, message_id)
    revoke_device(app.ledger, "phone")
    report = deliver(app, message_id)
    assert report.counts["push"] == {"not_delivered": 1}
    assert report.is_complete
    assert service.notifications() == []


def test_the_key_is_made_once_and_only_its_owner_reads_it(settings: Settings) -> None:
    first = push_public_key(settings)
    path = settings.data_dir / "vapid.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert push_public_key(settings) == first
    assert push_public_key(without_push(settings)) is None
    path.write_text("no key", "ascii")
    with pytest.raises(ConfigError, match=r"vapid.key: should be a VAPID private key"):
        push_public_key(settings)
