"""A dispatcher hears of a message at once, on both back ends."""

import asyncio
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollcall.ledger.doorbell import Doorbell, ring
from rollcall.ledger.engine import Ledger, open_ledger


async def ring_until_heard(ledger: Ledger, bells: list[Doorbell]) -> list[list[str]]:
    """Ring again and again, as many accepted messages do, until each has heard; ten seconds."""
    heard: list[list[str]] = [[] for _ in bells]
    for _ in range(100):
        await asyncio.to_thread(ring, ledger, "m1")
        for known, bell in zip(heard, bells, strict=True):
            known.extend(await bell.wait(0.05))
        if all(heard):
            break
    return heard


async def test_everybody_who_listens_hears_a_ring(ledger: Ledger) -> None:
    async with Doorbell(ledger) as first, Doorbell(ledger) as second:
        heard = await ring_until_heard(ledger, [first, second])

    assert [set(one) for one in heard] == [{"m1"}, {"m1"}]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_who_listens_notices_that_the_connection_was_cut(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[psycopg.AsyncConnection[Any]] = []
    connect = psycopg.AsyncConnection.connect

    async def note(*told: Any, **options: Any) -> psycopg.AsyncConnection[Any]:
        opened.append(await connect(*told, **options))
        return opened[-1]

    monkeypatch.setattr(psycopg.AsyncConnection, "connect", note)
    async with Doorbell(ledger) as bell:
        await ring_until_heard(ledger, [bell])
        (connection,) = opened
        assert connection.info.get_parameters().items() >= {"keepalives_idle": "10"}.items()


async def test_nobody_listens_and_ringing_does_no_harm(ledger: Ledger) -> None:
    async with Doorbell(ledger) as bell:
        assert await bell.wait(0.01) == []

    ring(ledger, "m1")


async def test_bell_of_a_dead_listener_is_taken_away(tmp_path: Path) -> None:
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    left_over = tmp_path / "ledger.db.bells" / "left.bell"
    async with Doorbell(opened) as bell:
        os.mkfifo(left_over)
        await asyncio.to_thread(ring, opened, "m1")
        assert await bell.wait(5.0) == ["m1"]
    opened.close()

    assert not left_over.exists()
