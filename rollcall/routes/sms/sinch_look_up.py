"""Ask Sinch what became of an attempt: by the batch's id, or by the reference that we gave it."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from rollcall.clock import Clock, format_instant
from rollcall.domain.receipts import Receipt
from rollcall.errors import RouteError
from rollcall.routes.base import Submission
from rollcall.routes.callbacks import CLOCK_SKEW_S
from rollcall.routes.sms.bulk import MISSING_AFTER_S, ask
from rollcall.routes.sms.documents import read_parts, read_text
from rollcall.routes.sms.sinch_batches import RecipientKey, name_part
from rollcall.routes.sms.sinch_callbacks import read_report

MAX_REMEMBERED = 20_000
"""Attempts whose answer was lost and whose batch's reference this process still knows."""

LISTED_S = 13 * 86_400.0
"""How long Sinch lists a batch: 14 days by its documentation, less a margin."""


class SinchLookUp:
    """Asks a service plan about batches.

    The reference of a batch for several is known to the process that submitted it, as long as it
    lives. Any other cannot tell, and waits for the report, whose address names the attempt.

    Args:
        client: Connections to Sinch.
        batches: `GET` of the plan's batches, with all headers; asks with other addresses.
        key: Names the recipients.
        route_id: Whose plan it is.
        clock: For the age of what is looked up.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        batches: httpx.Request,
        key: RecipientKey,
        route_id: str,
        clock: Clock,
    ) -> None:
        self._client = client
        self._batches = batches
        self._key = key
        self._route_id = route_id
        self._clock = clock
        self._lost: OrderedDict[str, str] = OrderedDict()

    def remember(self, attempt_ids: Iterable[str], reference: str) -> None:
        """Remember the reference of a batch whose answer was lost, with its attempts."""
        self._lost.update(dict.fromkeys(attempt_ids, reference))
        while len(self._lost) > MAX_REMEMBERED:
            self._lost.popitem(last=False)

    async def look_up(
        self, submission: Submission, provider_id: str | None, submitted_at: datetime
    ) -> Receipt | None:
        """Ask what became of an attempt; see `AskableRoute.look_up`.

        Raises:
            SendError: It could not be asked.
        """
        if provider_id is not None:
            return await self._ask_for_report(provider_id.partition(":")[0], submission)
        known = self._lost.get(submission.attempt_id)
        batches = await self._find_batches(known or submission.attempt_id, submitted_at)
        if batches:
            receipt = await self._ask_for_report(batches[0], submission)
            handed_over = name_part(batches[0], self._key.name(submission.address))
            return receipt or Receipt("accepted", submission.attempt_id, handed_over)
        age_s = (self._clock.now() - submitted_at).total_seconds()
        is_sure = known is not None and batches is not None and MISSING_AFTER_S <= age_s < LISTED_S
        return Receipt("missing", submission.attempt_id) if is_sure else None

    async def _find_batches(self, reference: str, submitted_at: datetime) -> list[str] | None:
        """Find batches by their client reference; None where the answer is no list of batches.

        Without a start Sinch lists those of the last day only; ours is early enough for a clock of
        theirs that is slow.
        """
        since = submitted_at.replace(microsecond=0) - timedelta(seconds=CLOCK_SKEW_S)
        query = {"client_reference": reference, "start_date": format_instant(since)}
        found = await self._ask(self._batches.url.copy_merge_params(query))
        if found.get("count") != 0 and not isinstance(found.get("batches"), list):
            return None
        batches = read_parts(found, "batches")
        ours = [each for each in batches if each.get("client_reference") == reference]
        return [batch_id for each in ours if (batch_id := read_text(each, "id"))]

    async def _ask_for_report(self, batch_id: str, submission: Submission) -> Receipt | None:
        """Ask for the report about one recipient; None where there is none yet."""
        number = submission.address.removeprefix("+")
        path = f"{quote(batch_id, safe='')}/delivery_report/{quote(number, safe='')}"
        try:
            report = await self._ask(httpx.URL(f"{self._batches.url}/{path}"))
        except RouteError as error:
            if error.provider_code == str(HTTPStatus.NOT_FOUND.value):
                return None
            raise
        if read_text(report, "status") is None:
            return None
        told = {**report, "batch_id": batch_id, "recipient": number}
        return read_report(told, submission.attempt_id, self._key)

    async def _ask(self, url: httpx.URL) -> dict[str, Any]:
        request = httpx.Request("GET", url, headers=self._batches.headers)
        return await ask(self._client, request, self._route_id, self._clock.now())
