"""A connection to Prefect that says in one sentence why there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_API_URL

from rollcall.errors import PrefectError

HEALTH_TIMEOUT_S: Final = 2.0


def answers(address: str) -> bool:
    """Tell whether a Prefect server is healthy; bounded, and not to be called on an event loop.

    Prefect's client goes on asking a server that is away for half a minute: look first.

    Args:
        address: Of its API.
    """
    try:
        return httpx.get(f"{address}/health", timeout=HEALTH_TIMEOUT_S).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


@contextmanager
def connected() -> Iterator[SyncPrefectClient]:
    """Connect to Prefect with its own settings (`PREFECT_API_URL`, `PREFECT_API_AUTH_STRING`).

    Raises:
        PrefectError: None is configured, it does not answer, or it refuses what is asked.
    """
    address = PREFECT_API_URL.value()
    if not address:
        # without an address Prefect's client would start a server of its own, and forget it again
        raise PrefectError("schedules are kept by Prefect, and PREFECT_API_URL names none")
    if not answers(address):
        raise PrefectError(f"Prefect at {address} does not answer")
    try:
        with get_client(sync_client=True) as client:
            yield client
    except httpx.HTTPStatusError as error:
        raise PrefectError(_tell_refusal(address, error.response.status_code)) from error
    except (httpx.HTTPError, PrefectException) as error:
        raise PrefectError(f"Prefect at {address} failed: {type(error).__name__}") from error


def _tell_refusal(address: str, status: int) -> str:
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return f"Prefect at {address} does not let us in: set PREFECT_API_AUTH_STRING"
    return f"Prefect at {address} answers with {status}"
