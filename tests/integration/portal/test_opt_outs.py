"""STOP by text: applied before the provider is answered; other texts are not kept."""

import asyncio

import pytest

from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import list_opt_outs, opted_out_among
from rollcall.routes.callbacks import InboundText
from tests.integration.ledger.outages import outage_of
from tests.integration.portal.conftest import Provider, count_receipts
from tests.integration.portal.scripted import SECRET, inbound_body
from tests.people import phone_of

OURS = phone_of(999)
PATH = f"/inbound/alpha/{SECRET}"


def a_text(text: str, sender: str = phone_of(1), provider_id: str | None = None) -> InboundText:
    return InboundText(sender, OURS, text, provider_id)


async def send(provider: Provider, *texts: InboundText) -> int:
    answered = await provider.call(inbound_body(*texts), PATH)
    assert answered.content == b""
    return answered.status_code


def read_opted_out(ledger: Ledger) -> set[str]:
    return {one.address for one in list_opt_outs(ledger)}


async def test_stop_is_in_the_ledger_when_it_is_answered(
    provider: Provider, ledger: Ledger
) -> None:
    assert await send(provider, a_text(" Stop! ")) == 200
    (record,) = list_opt_outs(ledger)
    assert (record.address, record.source, record.route_id) == (phone_of(1), "inbound", "alpha")
    with ledger.read() as connection:
        assert opted_out_among(connection, [phone_of(1), phone_of(2)]) == {phone_of(1)}


@pytest.mark.parametrize("prefix", ["", "00", "+", "+ ", " +"])
async def test_a_number_is_the_same_however_the_provider_writes_it(
    provider: Provider, ledger: Ledger, prefix: str
) -> None:
    assert await send(provider, a_text("STOP", prefix + phone_of(1).removeprefix("+"))) == 200
    assert read_opted_out(ledger) == {phone_of(1)}


async def test_start_undoes_it_and_stop_counts_again(provider: Provider, ledger: Ledger) -> None:
    await send(provider, a_text("stop", provider_id="t1"), a_text("start", provider_id="t2"))
    assert read_opted_out(ledger) == set()
    await send(provider, a_text("ABMELDEN", provider_id="t3"))
    assert read_opted_out(ledger) == {phone_of(1)}


async def test_a_text_that_is_handed_over_again_undoes_nothing(
    provider: Provider, ledger: Ledger
) -> None:
    await send(provider, a_text("START", provider_id="t1"))
    await send(provider, a_text("STOP", provider_id="t2"))
    assert await send(provider, a_text("START", provider_id="t1")) == 200
    assert read_opted_out(ledger) == {phone_of(1)}


async def test_other_texts_are_acknowledged_and_not_kept(
    provider: Provider, ledger: Ledger
) -> None:
    assert await send(provider, a_text("I am safe"), a_text("please stop calling")) == 200
    assert await send(provider) == 200
    assert (list_opt_outs(ledger), count_receipts(ledger)) == ([], 0)


@pytest.mark.parametrize("sender", ["", "12345", "Example Org", "+999123", "٠١٢"])
async def test_a_sender_that_is_no_number_is_acknowledged(
    provider: Provider, ledger: Ledger, sender: str
) -> None:
    assert await send(provider, a_text("STOP", sender), a_text("STOP", phone_of(2))) == 200
    assert read_opted_out(ledger) == {phone_of(2)}


async def test_a_forged_stop_is_403_and_does_nothing(provider: Provider, ledger: Ledger) -> None:
    body = inbound_body(a_text("STOP"))
    answered = await provider.call(body, PATH, x_provider_signature="0" * 64)
    assert answered.status_code == 403
    assert list_opt_outs(ledger) == []


async def test_a_stop_that_cannot_be_kept_is_503_and_counts_when_it_comes_again(
    hasty_provider: Provider, ledger: Ledger
) -> None:
    text = a_text("STOP", provider_id="t1")
    with outage_of(ledger, "opt_outs"):
        assert await send(hasty_provider, text) == 503
    async with asyncio.timeout(30):
        while await send(hasty_provider, text) != 200:  # each takes as long as a hasty one waits
            continue
    assert read_opted_out(ledger) == {phone_of(1)}


async def test_a_receipt_at_the_door_for_texts_is_malformed(provider: Provider) -> None:
    assert (await provider.report("a-1", path=PATH)).status_code == 400


async def test_an_old_stop_is_obeyed_and_an_old_start_is_not(
    provider: Provider, ledger: Ledger
) -> None:
    path, an_hour_ago = f"/inbound/patient/{SECRET}", 3000.0

    async def repeat(text: str) -> int:
        body = inbound_body(a_text(text))
        return (await provider.call(body, path, age_s=an_hour_ago)).status_code

    assert await repeat("STOP") == 200
    assert read_opted_out(ledger) == {phone_of(1)}
    assert await repeat("START") == 403
    assert await repeat("Are you well?") == 200
    assert read_opted_out(ledger) == {phone_of(1)}
