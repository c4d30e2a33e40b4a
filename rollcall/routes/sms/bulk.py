"""What routes with a bulk endpoint share: their settings, and what to do when a bulk is refused."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, cast

import httpx
from pydantic import Field

from rollcall.domain.message import Channel
from rollcall.errors import RouteError, RouteFault, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.http import exchange
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.sms.documents import read_object
from rollcall.routes.verdicts import Verdict, conclude, judge_status, read_retry_after

Result = Acceptance | SendError

_FAULTS: Mapping[Verdict, RouteFault] = {
    "throttled": "throttled",
    "rejected": "rejected",
    "unknown": "unavailable",
    "accepted": "unavailable",  # answered with what is no JSON object
}

MISSING_AFTER_S = 120.0
"""How long after a submit a provider that does not list it is believed: until then the request may
be on its way, or its listing late. Chosen with a margin; no vendor states a figure."""


class BulkSmsSettings(BaseRouteSettings):
    """What an account with a provider has that takes many texts in one request."""

    sender: str = Field(
        min_length=1, max_length=18, description="Whom recipients see: a number, or a name."
    )
    bulk_size: int = Field(
        default=500, ge=1, le=1000, description="Most messages handed over together."
    )
    receipts: Literal["none", "carrier", "handset"] = Field(
        default="handset", description="How far the receipts of this route can see."
    )
    answers_lookups: bool = Field(
        default=True, description="The provider can be asked what became of a message."
    )

    @property
    def channel(self) -> Channel:
        """Return the channel it serves."""
        return "sms"

    @property
    def longest_try_s(self) -> float:
        """How long one try can take at most: a bulk that is refused is tried once more, apart."""
        return 2 * super().longest_try_s


async def submit_apart(
    submit: Callable[[Submission], Awaitable[Acceptance]], submissions: Sequence[Submission]
) -> list[Result]:
    """Hand messages over one by one, concurrently: after a bulk was refused for its form.

    One number that the provider cannot read refuses a whole bulk; the others must not pay for it.
    """

    async def try_one(submission: Submission) -> Result:
        try:
            return await submit(submission)
        except SendError as error:
            return error

    return list(await asyncio.gather(*map(try_one, submissions)))


def is_refused_for_its_form(response: httpx.Response, count: int) -> bool:
    """Say whether a request for several was refused for what may be the fault of one of them."""
    return response.status_code == HTTPStatus.BAD_REQUEST and count > 1


def explain_failure(
    response: httpx.Response, code: str | None, route_id: str, now: datetime
) -> SendError:
    """Return what a request as a whole failed with, judged by its status.

    Args:
        response: The answer; one of 2xx is here because it cannot be read.
        code: The provider's own code, if the answer holds one.
        route_id: Whose answer it is.
        now: For a date in Retry-After.
    """
    verdict = judge_status(response.status_code)
    failure = conclude(
        "unknown" if verdict == "accepted" else verdict,
        route_id,
        code or str(response.status_code),
        retry_after_s=read_retry_after(response.headers.get("Retry-After"), now),
    )
    return cast(SendError, failure)  # no acceptance, since no such verdict is left


async def ask(
    client: httpx.AsyncClient, request: httpx.Request, route_id: str, now: datetime
) -> dict[str, Any]:
    """Make a request that only asks; return the JSON object of the answer.

    Raises:
        SendError: The provider could not be asked, or did not answer the question; a `RouteError`
            with the code 404 where it knows nothing of what was asked for.
    """
    response = await exchange(client, request, route_id)
    document = read_object(response.content) if response.is_success else None
    if document is None:
        status = response.status_code
        wait_s = read_retry_after(response.headers.get("Retry-After"), now)
        fault = _FAULTS[judge_status(status)]
        raise RouteError("cannot be asked", route_id, str(status), fault, wait_s)
    return document
