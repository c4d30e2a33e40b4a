"""The route to the app, against a push service that checks what browsers' services check."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.push import PushSubscription
from rollcall.errors import (
    LedgerError,
    OutcomeUnknownError,
    RecipientError,
    RouteError,
    SendError,
)
from rollcall.routes.base import Submission
from rollcall.routes.push.vapid import make_private_key, public_key_of
from rollcall.routes.push.webpush import WebPushRoute, WebPushSettings
from rollcall.sandbox.push_service import PushService, start_push_service
from tests.ports import find_free_port

PRIVATE_KEY = make_private_key()
LINK = "https://safe.example.org/c/AAAAAAAAAAAAAAAAAAAAAA"
SUBMISSION = Submission(
    delivery_id="0123456789abcdef0123456789abcdef",
    attempt_id="a1",
    idempotency_key="k1",
    address="p1",
    text="Are you safe?",
    subject="Flood",
    link=LINK,
)


class Directory:
    """Devices of one person, and what was dropped of them."""

    def __init__(self, *subscriptions: PushSubscription) -> None:
        self.subscriptions = list(subscriptions)
        self.dropped: list[str] = []

    async def find(self, person_id: str) -> list[PushSubscription]:
        assert person_id == "p1"
        return self.subscriptions

    async def drop(self, subscription: PushSubscription) -> None:
        self.dropped.append(subscription.device_id)
        self.subscriptions.remove(subscription)


class SilentDirectory(Directory):
    """A ledger that does not answer."""

    async def find(self, person_id: str) -> list[PushSubscription]:
        raise LedgerError(f"the ledger does not answer ({len(person_id)})")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[PushService]:
    with start_push_service(tmp_path) as running:
        yield running


def build_route(directory: Directory, **changes: Any) -> WebPushRoute:
    told = {
        "id": "app",
        "kind": "webpush",
        "subject": "mailto:crisis@example.org",
        "vapid_private_key": PRIVATE_KEY,
        "allow_loopback": True,
        "connect_timeout_s": 2.0,
        "answer_timeout_s": 5.0,
    }
    route = WebPushRoute(WebPushSettings.model_validate(told | changes))
    route.directory = directory
    return route


async def submit(
    directory: Directory, submission: Submission = SUBMISSION, **changes: Any
) -> str | None:
    route = build_route(directory, **changes)
    try:
        return (await route.submit(submission)).provider_code
    finally:
        await route.aclose()


async def refuse(directory: Directory, **changes: Any) -> SendError:
    with pytest.raises(SendError) as told:
        await submit(directory, **changes)
    assert "://" not in str(told.value)
    return told.value


async def test_a_device_reads_title_text_and_link(service: PushService) -> None:
    own_key = public_key_of(PRIVATE_KEY)
    assert await submit(Directory(service.subscribe("phone", own_key))) == "201"
    (taken,) = service.notifications("phone")
    assert taken.payload == {
        "title": "Flood",
        "body": "Are you safe?",
        "url": LINK,
        "id": SUBMISSION.delivery_id,
    }
    assert (taken.topic, taken.urgency) == (SUBMISSION.delivery_id, "high")
    assert taken.ttl_s == 24 * 3600
    assert service.refusals == []


async def test_what_expires_is_not_kept_for_longer(service: PushService) -> None:
    directory = Directory(service.subscribe("phone"))
    soon = SystemClock().now() + timedelta(minutes=10)
    await submit(directory, replace(SUBMISSION, expires_at=soon))
    await submit(directory, replace(SUBMISSION, expires_at=soon - timedelta(hours=1)))
    await submit(directory, replace(SUBMISSION, expires_at=soon + timedelta(days=9)), ttl_h=2.0)
    first, expired, late = (one.ttl_s for one in service.notifications())
    assert 590 <= first <= 600
    assert (expired, late) == (0, 7200)


async def test_the_longest_message_is_taken(service: PushService) -> None:
    await submit(
        Directory(service.subscribe("phone")),
        replace(SUBMISSION, subject="😀" * 300, text="洪水です。" * 4000),
    )
    (taken,) = service.notifications()
    assert taken.size_bytes <= 4096
    assert taken.payload["url"] == LINK


async def test_every_device_of_a_person_is_notified(service: PushService) -> None:
    await submit(Directory(*map(service.subscribe, ("phone", "tablet"))))
    assert {one.device for one in service.notifications()} == {"phone", "tablet"}
    assert len({one.topic for one in service.notifications()}) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_device_that_is_gone_is_dropped_and_the_other_is_reached(
    service: PushService, status: int
) -> None:
    directory = Directory(*map(service.subscribe, ("gone", "phone")))
    service.answer_always("gone", status)
    assert await submit(directory) == "201"
    assert directory.dropped == ["gone"]
    assert [one.device for one in service.notifications()] == ["phone"]


async def test_who_has_only_devices_that_are_gone_cannot_be_helped(service: PushService) -> None:
    directory = Directory(service.subscribe("gone"))
    service.forget("gone")
    assert isinstance(await refuse(directory), RecipientError)
    assert isinstance(await refuse(directory), RecipientError)  # of no device at all
    assert directory.dropped == ["gone"]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (400, "rejected"),
        (403, "rejected"),
        (429, "temporary"),
        (500, "temporary"),
        (503, "temporary"),
    ],
)
async def test_a_refusal_is_told_as_what_it_is_and_drops_nothing(
    service: PushService, status: int, fault: str
) -> None:
    directory = Directory(service.subscribe("phone"))
    service.answer_always("phone", status)
    error = await refuse(directory)
    assert isinstance(error, RouteError)
    assert (error.fault, error.provider_code) == (fault, str(status))
    assert directory.dropped == []


async def test_a_lost_answer_is_unknown_and_its_repeat_replaces_it(service: PushService) -> None:
    directory = Directory(service.subscribe("phone"))
    service.answer_next("phone", "lost")
    assert isinstance(await refuse(directory), OutcomeUnknownError)
    assert await submit(directory) == "201"
    first, repeat = service.notifications()
    assert (first.topic, first.payload["id"]) == (repeat.topic, repeat.payload["id"])


async def test_a_push_service_that_is_down_was_certainly_not_reached() -> None:
    nowhere = PushService(f"http://127.0.0.1:{find_free_port()}", Path("unused"))
    error = await refuse(Directory(nowhere.subscribe("phone")))
    assert isinstance(error, RouteError)
    assert error.fault == "unavailable"


async def test_another_key_than_was_subscribed_with_is_refused(service: PushService) -> None:
    phone = service.subscribe("phone", public_key_of(make_private_key()))
    error = await refuse(Directory(phone))
    assert (type(error), error.provider_code) == (RouteError, "403")
    assert service.refusals == ["another key than was subscribed with"]


async def test_keys_that_are_none_do_not_keep_it_from_other_devices(service: PushService) -> None:
    broken = replace(service.subscribe("broken"), p256dh="none")
    assert await submit(Directory(broken, service.subscribe("phone"))) == "201"
    assert isinstance(await refuse(Directory(broken)), RecipientError)


async def test_a_name_that_is_none_does_not_keep_it_from_other_devices(
    service: PushService,
) -> None:
    nowhere = replace(service.subscribe("nowhere"), endpoint="https://push..example.org/p")
    assert await submit(Directory(nowhere, service.subscribe("phone"))) == "201"
    assert isinstance(await refuse(Directory(nowhere)), RecipientError | RouteError)


async def test_this_machine_is_not_called_unless_that_is_allowed(service: PushService) -> None:
    directory = Directory(service.subscribe("phone"))
    assert isinstance(await refuse(directory, allow_loopback=False), RecipientError)
    assert service.notifications() == []


async def test_a_name_that_stands_for_this_machine_is_not_even_connected_to(
    service: PushService,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inner:
        inner.setblocking(False)
        endpoint = f"https://127.1:{inner.getsockname()[1]}/secret"
        by_name = replace(service.subscribe("phone"), endpoint=endpoint)
        error = await refuse(Directory(by_name), allow_loopback=False)
        assert isinstance(error, RouteError)
        assert error.fault == "unavailable"
        with pytest.raises(BlockingIOError):
            inner.accept()


async def test_a_ledger_that_does_not_answer_is_asked_again_later() -> None:
    error = await refuse(SilentDirectory())
    assert isinstance(error, RouteError)
    assert error.fault == "temporary"


async def test_check_sends_nothing_and_misses_a_key() -> None:
    with_key, without = build_route(Directory()), build_route(Directory(), vapid_private_key=None)
    assert "VAPID key" in await with_key.check()
    with pytest.raises(RouteError, match="no VAPID key"):
        await without.check()
    await with_key.aclose()
    await without.aclose()
