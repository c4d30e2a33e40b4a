"""Waits for the dispatcher to make the deployments, so that `rollcall up` says what is there."""

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import httpx

DEPLOYED_WITHIN_S: Final = 120.0
"""How long a dispatcher may take to make them: a few seconds, and many on a busy machine."""

ANSWERS_WITHIN_S: Final = 15.0
"""How long a Prefect server may be away meanwhile: one that runs elsewhere may not be up at all."""

LOOK_S: Final = 0.25
ANSWER_WITHIN_S: Final = 3.0


async def await_deployments(health: str) -> str | None:
    """Return what becomes of the deployments: `made`, `failing`, or `pending` after a while.

    Args:
        health: Where the dispatcher tells its health.

    Returns:
        None where it works without Prefect.
    """
    began_at = away_since = time.monotonic()
    async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as http:
        while True:
            told, now = await _ask(http, health), time.monotonic()
            state: str | None = told["deployments"]
            if told["prefect"] != "away":
                away_since = now
            is_late = now - began_at > DEPLOYED_WITHIN_S or now - away_since > ANSWERS_WITHIN_S
            if state != "pending" or is_late:
                return state
            await asyncio.sleep(LOOK_S)


async def _ask(http: httpx.AsyncClient, health: str) -> dict[str, Any]:
    """Return what a dispatcher tells; one that does not answer will."""
    told: dict[str, Any] = {"deployments": "pending", "prefect": None}
    with suppress(httpx.HTTPError, ValueError):
        told |= (await http.get(health)).json()
    return told
