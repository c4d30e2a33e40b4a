"""Receipts through the portal: 200 means committed, and a report counts once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import Receipt as ReceiptRow
from tests.integration.ledger.outages import lock_of, outage_of
from tests.integration.portal.conftest import (
    Provider,
    count_receipts,
    read_references,
)
from tests.integration.portal.scripted import PUBLIC_URL, SECRET, SIGNATURE, report_body, sign


async def test_a_report_is_in_the_ledger_when_it_is_answered(
    provider: Provider, ledger: Ledger
) -> None:
    answered = await provider.call(report_body(["a-1"], code="000", at="2026-11-23T06:00:00Z"))
    assert (answered.status_code, answered.content) == (200, b"")
    assert answered.headers["cache-control"] == "no-store"
    with ledger.read() as connection:
        row = connection.execute(select(ReceiptRow.__table__)).mappings().one()
    assert (row["route_id"], row["source"], row["reference"]) == ("alpha", "webhook", "a-1")
    assert (row["state"], row["code"]) == ("delivered", "000")
    assert row["occurred_at"] == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert abs(datetime.now(UTC) - row["received_at"]) < timedelta(minutes=1)


async def test_the_reference_in_the_address_is_read(provider: Provider, ledger: Ledger) -> None:
    body = json.dumps({"reports": [{"state": "failed"}]}).encode()
    path = f"/receipts/alpha/{SECRET}?ref=a-2"
    assert (await provider.call(body, path)).status_code == 200
    assert read_references(ledger) == {"a-2"}


async def test_replays_and_repeats_change_nothing(provider: Provider, ledger: Ledger) -> None:
    answered = [await provider.report("a-1") for _ in range(2)]
    answered += await asyncio.gather(*(provider.report("a-1", "a-1") for _ in range(20)))
    assert {one.status_code for one in answered} == {200}
    assert count_receipts(ledger) == 1


async def test_hundreds_at_once_share_commits_and_all_arrive(
    provider: Provider, ledger: Ledger
) -> None:
    references = [f"a-{number}" for number in range(300)]
    answered = await asyncio.gather(*(provider.report(one) for one in references))
    assert {one.status_code for one in answered} == {200}
    assert read_references(ledger) == set(references)


async def test_nobody_is_told_200_while_the_ledger_is_locked(
    hasty_provider: Provider, ledger: Ledger
) -> None:
    with lock_of(ledger, "receipts"):
        answered = await hasty_provider.report("a-1")
        assert (answered.status_code, answered.content) == (503, b"")
        assert answered.headers["retry-after"] == "10"
        assert answered.headers["cache-control"] == "no-store"
    # what was read is not thrown away: some providers never call again
    await _wait_until_kept(ledger, {"a-1"})


async def test_a_broken_ledger_is_503_and_once_it_answers_nothing_is_missing(
    hasty_provider: Provider, ledger: Ledger
) -> None:
    with outage_of(ledger, "receipts"):
        answered = await asyncio.gather(hasty_provider.report("a-1"), hasty_provider.report("a-2"))
        assert {one.status_code for one in answered} == {503}
    await _wait_until_kept(ledger, {"a-1", "a-2"})
    assert (await hasty_provider.report("a-1")).status_code == 200
    assert count_receipts(ledger) == 2


async def test_an_outage_shorter_than_a_providers_patience_goes_unnoticed(
    provider: Provider, ledger: Ledger
) -> None:
    with lock_of(ledger, "receipts"):
        reporting = asyncio.create_task(provider.report("a-1"))
        await asyncio.wait({reporting}, timeout=0.1)
        assert not reporting.done()
    assert (await reporting).status_code == 200


async def test_forged_is_403_and_nothing_of_it_is_stored(
    provider: Provider, ledger: Ledger
) -> None:
    path = f"/receipts/alpha/{SECRET}"
    long_ago = SystemClock().now() - timedelta(minutes=6)
    replayed = sign(PUBLIC_URL + path, report_body(["a-1"]), long_ago)
    elsewhere = sign(PUBLIC_URL + path + "?x", report_body(["a-1"]), SystemClock().now())
    for headers in ({SIGNATURE: ""}, {SIGNATURE: "0" * 64}, replayed, elsewhere):
        answered = await provider.report("a-1", **headers)
        assert (answered.status_code, answered.content) == (403, b"")
    assert count_receipts(ledger) == 0


async def test_a_receipt_that_comes_again_after_an_outage_counts_once_however_old(
    provider: Provider, ledger: Ledger
) -> None:
    path = f"/receipts/patient/{SECRET}"
    for age_s in (3000.0, 3000.0, 0.0):
        answered = await provider.call(report_body(["a-1"]), path, age_s=age_s)
        assert answered.status_code == 200
    assert count_receipts(ledger) == 1
    assert (await provider.call(report_body(["a-2"]), path, age_s=4000.0)).status_code == 403
    assert (await provider.call(report_body(["a-2"]), path, age_s=-400.0)).status_code == 403
    assert count_receipts(ledger) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", report_body(["a\0b"]), report_body(["a"], code="\ud800")]
)
async def test_malformed_is_400_and_nothing_of_it_is_stored(
    provider: Provider, ledger: Ledger, body: bytes
) -> None:
    answered = await provider.call(body)
    assert (answered.status_code, answered.content) == (400, b"")
    assert count_receipts(ledger) == 0


async def test_a_report_about_nothing_we_track_is_200(provider: Provider, ledger: Ledger) -> None:
    with outage_of(ledger, "receipts"):
        assert (await provider.report()).status_code == 200


async def test_one_that_cannot_be_stored_does_not_take_others_along(
    provider: Provider, ledger: Ledger
) -> None:
    without_offset = report_body(["bad"], at="2026-11-23T06:00:00")
    bad, *good = await asyncio.gather(
        provider.call(without_offset), *(provider.report(f"a-{n}") for n in range(5))
    )
    assert bad.status_code == 503
    assert {one.status_code for one in good} == {200}
    assert read_references(ledger) == {f"a-{n}" for n in range(5)}


async def test_a_readers_own_mistake_is_503_so_that_the_provider_calls_again(
    provider: Provider, ledger: Ledger
) -> None:
    answered = await provider.call(json.dumps({"reports": [{"no": "state"}]}).encode())
    assert answered.status_code == 503
    assert count_receipts(ledger) == 0


async def _wait_until_kept(ledger: Ledger, references: set[str]) -> None:
    async with asyncio.timeout(20):
        while await asyncio.to_thread(read_references, ledger) != references:  # noqa: ASYNC110 - a ledger has no event
            await asyncio.sleep(0.02)
