"""The route to Debian's Kannel: what is sent, what is reported, what comes in."""

import asyncio
import json
import uuid
from datetime import timedelta

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.receipts import Receipt, ReceiptSummary, summarise
from rollcall.errors import RouteError
from rollcall.routes.base import Submission
from rollcall.routes.callbacks import Callback, CallbackReader, ForgedCallbackError
from tests.integration.callback_receiver import CallbackReceiver
from tests.integration.kannel.conftest import OpenKannel, read_all
from tests.integration.kannel.gateway import FAKES, SMPP, Gateway
from tests.people import phone_of

TEXT = "Flood in the valley: go uphill now. €[]ä"


def text_to(number: int, text: str = TEXT) -> Submission:
    """Write to the number that ends in this digit."""
    attempt_id = uuid.uuid4().hex
    return Submission("d-1", attempt_id, "d-1/kannel", phone_of(number), text)


def is_final(callback: Callback) -> bool:
    """Tell whether a report closes its message."""
    return callback.query().get("state") in {"1", "2", "16", "34"}


def fold(receipts: list[Receipt]) -> ReceiptSummary | None:
    return summarise(
        [ReceiptSummary(each.state, each.level, each.is_permanent, each.code) for each in receipts]
    )


@pytest.mark.parametrize("centre", [*FAKES, SMPP])
async def test_message_is_taken_and_reported_as_delivered(
    centre: str, open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    route = open_kannel(smsc=centre)
    submission = text_to(0)
    acceptance = await route.submit(submission)
    assert acceptance.provider_code == "202 0: Accepted for delivery"
    callbacks = await receiver.wait_for(2)
    receipts = read_all(route, callbacks)
    assert sorted(each.state for each in receipts) == ["accepted", "delivered"]
    assert {each.reference for each in receipts} == {submission.attempt_id}
    assert {callback.query()["smsc"] for callback in callbacks} == {centre}
    now = SystemClock().now()
    for receipt in receipts:
        assert receipt.occurred_at is not None
        assert abs(receipt.occurred_at - now) < timedelta(minutes=1)


async def test_route_reads_its_own_callbacks(open_kannel: OpenKannel) -> None:
    assert isinstance(open_kannel(), CallbackReader)


async def test_reports_say_handset_only_where_the_route_is_said_to_see_it(
    open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    route = open_kannel(smsc=SMPP, receipts="handset")
    await route.submit(text_to(0))
    receipts = read_all(route, await receiver.wait_for(2))
    assert fold(receipts) == ReceiptSummary("delivered", "handset", code="DELIVRD/000")


@pytest.mark.parametrize(
    ("number", "state", "code", "is_permanent"),
    [
        pytest.param(4, "delivered", "DELIVRD/000", False, id="delivered"),
        pytest.param(5, "failed", "UNDELIV/001", False, id="undeliverable"),
        pytest.param(6, "failed", "EXPIRED/002", False, id="expired"),
        pytest.param(7, "failed", "0x0000000b", True, id="rejected"),
        pytest.param(8, "delivered", "DELIVRD/000", False, id="throttled-once"),
    ],
)
async def test_smpp_state_comes_back_as_what_it_means(
    number: int,
    state: str,
    code: str,
    *,
    is_permanent: bool,
    open_kannel: OpenKannel,
    receiver: CallbackReceiver,
) -> None:
    route = open_kannel(smsc=SMPP)
    submission = text_to(number)
    await route.submit(submission)
    callbacks = await receiver.wait_until(lambda seen: any(map(is_final, seen)))
    (final,) = read_all(route, list(filter(is_final, callbacks)))
    assert (final.state, final.code, final.is_permanent) == (state, code, is_permanent)
    assert final.reference == submission.attempt_id


async def test_silent_network_leaves_the_end_open(
    open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    route = open_kannel(smsc=SMPP)
    silent = text_to(9)
    await route.submit(silent)
    await receiver.wait_for(1)
    await route.submit(text_to(0))  # what comes after it is answered: silence is not slowness
    receipts = read_all(route, await receiver.wait_for(3))
    told = [each for each in receipts if each.reference == silent.attempt_id]
    assert [each.state for each in told] == ["accepted"]
    assert fold(receipts) == ReceiptSummary("delivered", code="DELIVRD/000")


async def test_permanent_codes_are_the_operators_to_say(
    open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    route = open_kannel(smsc=SMPP, permanent_codes=["UNDELIV/001"])
    await route.submit(text_to(5))
    callbacks = await receiver.wait_until(lambda seen: any(map(is_final, seen)))
    assert any(receipt.is_permanent for receipt in read_all(route, callbacks))


async def test_no_receipt_holds_a_word_of_the_text(
    open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    """SMPP's receipts quote the beginning of the message."""
    route = open_kannel(smsc=SMPP)
    await route.submit(text_to(5))
    callbacks = await receiver.wait_until(lambda seen: any(map(is_final, seen)))
    assert any("Flood" in callback.query()["answer"] for callback in callbacks)
    assert "Flood" not in repr(read_all(route, callbacks))


@pytest.mark.parametrize(
    ("text", "coding"), [(TEXT, 0), ("洪水: bitte aufwärts 😀", 8), ("“Go” uphill", 8)]
)
async def test_text_arrives_as_it_was_written(
    text: str, coding: int, open_kannel: OpenKannel, receiver: CallbackReceiver, gateway: Gateway
) -> None:
    route = open_kannel(smsc=SMPP)
    await route.submit(text_to(0, text))
    await receiver.wait_for(2)
    (taken,) = map(json.loads, gateway.smpp_log())
    assert (taken["text"], taken["data_coding"]) == (text, coding)
    assert taken["to"] == phone_of(0).lstrip("+")


async def test_link_that_is_cut_keeps_the_message_until_it_is_back(
    open_kannel: OpenKannel, receiver: CallbackReceiver, gateway: Gateway
) -> None:
    """Kannel says nothing meanwhile: our own deadline must notice."""
    route = open_kannel(smsc=FAKES[0])
    await asyncio.to_thread(gateway.cut_centre, FAKES[0])
    acceptance = await route.submit(text_to(0))
    assert acceptance.provider_code == "202 3: Queued for later delivery"
    with pytest.raises(RouteError, match="fake-a re-connecting") as caught:
        await route.check()
    assert caught.value.fault == "unavailable"
    await open_kannel(smsc=FAKES[1]).submit(text_to(1))
    assert len(await receiver.wait_for(2)) == 2  # the other link's
    await asyncio.to_thread(gateway.connect_centre, FAKES[0])
    callbacks = await receiver.wait_for(4)
    assert fold(read_all(route, callbacks[2:])) == ReceiptSummary("delivered")


async def test_stopped_centre_is_a_refusal_and_a_failed_receipt(
    open_kannel: OpenKannel, receiver: CallbackReceiver, gateway: Gateway
) -> None:
    route = open_kannel(smsc=FAKES[0])
    await asyncio.to_thread(gateway.stop_centre, FAKES[0])
    with pytest.raises(RouteError) as caught:
        await route.submit(text_to(0))
    assert (caught.value.fault, caught.value.provider_code) == ("rejected", "403 Not routable")
    receipts = read_all(route, await receiver.wait_for(1))
    assert fold(receipts) == ReceiptSummary("failed", code="no SMSC")


async def test_wrong_password_is_a_refusal(open_kannel: OpenKannel) -> None:
    with pytest.raises(RouteError) as caught:
        await open_kannel(password="wrong").submit(text_to(0))
    assert caught.value.provider_code == "403 Authorization failed"


async def test_reports_come_again_until_we_have_them(
    open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    """A 503 of ours costs nothing: Kannel calls again, as http-request-retry says."""
    route = open_kannel(smsc=FAKES[0])
    receiver.refusals = [503, 503]
    await route.submit(text_to(0))
    callbacks = await receiver.wait_for(4)
    digests = [receipt.digest(route.route_id) for receipt in read_all(route, callbacks)]
    assert sorted(digests[:2]) == sorted(digests[2:])


async def test_callback_for_another_attempt_is_forged(
    open_kannel: OpenKannel, receiver: CallbackReceiver
) -> None:
    route = open_kannel(smsc=FAKES[0])
    submission = text_to(0)
    await route.submit(submission)
    callback = (await receiver.wait_for(2))[0]
    other = callback.url.replace(submission.attempt_id, uuid.uuid4().hex)
    with pytest.raises(ForgedCallbackError):
        route.verify(Callback("GET", other), SystemClock().now())


@pytest.mark.parametrize("text", ["OK I am safe + well", "ä € [x]", "我很安全 😀"])
async def test_texts_of_recipients_come_in_as_they_wrote_them(
    text: str, open_kannel: OpenKannel, receiver: CallbackReceiver, gateway: Gateway
) -> None:
    route = open_kannel()
    gateway.text_from_smpp(phone_of(1).lstrip("+"), "13013", text)
    (callback,) = await receiver.wait_for(1)
    route.verify(callback, SystemClock().now())
    (inbound,) = route.read_inbound(callback)
    assert (inbound.sender, inbound.receiver, inbound.text) == (phone_of(1), "13013", text)
    assert uuid.UUID(inbound.provider_id)
    assert route.read_receipts(callback) == []


async def test_text_by_a_fake_centre_comes_in(
    open_kannel: OpenKannel, receiver: CallbackReceiver, gateway: Gateway
) -> None:
    route = open_kannel()
    gateway.text_from_fake(FAKES[1], phone_of(1), "13013", "SAFE")
    (callback,) = await receiver.wait_for(1)
    route.verify(callback, SystemClock().now())
    assert [each.text for each in route.read_inbound(callback)] == ["SAFE"]


async def test_text_without_our_token_is_forged(
    open_kannel: OpenKannel, receiver: CallbackReceiver, gateway: Gateway
) -> None:
    gateway.text_from_fake(FAKES[1], phone_of(1), "13013", "SAFE")
    (callback,) = await receiver.wait_for(1)
    with pytest.raises(ForgedCallbackError, match="token"):
        open_kannel(inbound_token="another-token-than-theirs").verify(callback, SystemClock().now())


async def test_check_tells_of_the_link_it_sends_by(open_kannel: OpenKannel) -> None:
    assert await open_kannel(smsc=FAKES[0]).check() == "Kannel answers: fake-a online"
    told = await open_kannel().check()
    assert told == "Kannel answers: fake-a online, fake-b online, smpp-c online"


async def test_check_refuses_a_link_that_is_none(open_kannel: OpenKannel) -> None:
    with pytest.raises(RouteError, match="elsewhere missing"):
        await open_kannel(smsc="elsewhere").check()


async def test_check_tells_a_wrong_status_password(
    open_kannel: OpenKannel, gateway: Gateway
) -> None:
    with pytest.raises(RouteError, match="password of status_url"):
        await open_kannel(status_url=f"{gateway.status_url}x").check()


async def test_check_without_status_page_proves_that_the_smsbox_is_there(
    open_kannel: OpenKannel,
) -> None:
    assert (await open_kannel(status_url=None).check()).startswith("127.0.0.1 answers")
    gone = open_kannel(status_url=None, url="http://127.0.0.1:1/cgi-bin/sendsms")
    with pytest.raises(RouteError) as caught:
        await gone.check()
    assert caught.value.fault == "unavailable"
