"""An SMS carrier over HTTP: a plain ASGI application behind uvicorn.

POST /messages   {"to", "text", "from", "reference"}, Idempotency-Key, Authorization: Bearer sandbox
                 and {"attempt", "callback"} from whom receipts are to reach
202              {"messages": [{"id": "bravo-0000001", "status": "accepted"}]}
4xx              {"error": {"code": "unknown_number" | "refused" | "throttled" | ...}}
"""

import asyncio
import json

import httpx

from rollcall.sandbox.asgi import Receive, Scope, Send, answer, hold, read_body
from rollcall.sandbox.desk import HOLD_FACTOR, AcceptanceDesk, Parcel
from rollcall.sandbox.plan import CarrierPlan
from rollcall.sandbox.reports import Reporter
from rollcall.sandbox.schedule import Fate, Fault, is_unknown_number

PATH = "/messages"
TOKEN = "sandbox"  # noqa: S105 - a carrier on loopback that sends nothing anywhere
GARBAGE = b"<html><body>Welcome to the hotel's wireless network!</body></html>"


class CarrierApp:
    """Takes messages as its plan says.

    Args:
        plan: How it behaves.
        desk: Decides over tries and keeps the journal.
        reporter: Calls back about what was accepted; None for a carrier that does not.
    """

    def __init__(
        self, plan: CarrierPlan, desk: AcceptanceDesk, reporter: Reporter | None = None
    ) -> None:
        self._plan = plan
        self._desk = desk
        self._reporter = reporter
        self._ids_by_key: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await read_body(receive)
        refusal = _refuse_request(scope)
        if refusal is not None:
            return await answer(send, *refusal)
        try:
            parcel = _read_parcel(scope, body)
        except (ValueError, LookupError, TypeError):
            return await answer(send, 400, _error("malformed"))
        await asyncio.sleep(self._plan.delay_s)
        known_id = self._recognise(parcel)
        if known_id is not None:
            return await answer(send, 202, _accepted(known_id))
        if is_unknown_number(parcel.address):
            return await answer(send, 400, _error("unknown_number"))
        return await self._take(parcel, scope, receive, send)

    def _recognise(self, parcel: Parcel) -> str | None:
        if not self._plan.honours_idempotency_key or parcel.idempotency_key is None:
            return None
        return self._ids_by_key.get(parcel.idempotency_key)

    async def _take(self, parcel: Parcel, scope: Scope, receive: Receive, send: Send) -> None:
        fate, provider_id = self._desk.judge(parcel)
        if fate.is_accepted:
            await self._keep(parcel, provider_id, fate)
        match fate.fault:
            case Fault.NONE | Fault.ACCEPT_AND_DROP:
                await answer(send, 202, _accepted(provider_id))
            case Fault.REFUSE:
                await answer(send, 403, _error("refused"))
            case Fault.THROTTLE:
                wait = str(self._plan.retry_after_s).encode()
                await answer(send, 429, _error("throttled"), (b"retry-after", wait))
            case Fault.GARBAGE:
                await answer(send, 200, GARBAGE)
            case Fault.TIME_OUT:
                await hold(receive, self._plan.answer_timeout_s * HOLD_FACTOR)
                await answer(send, 504, _error("took_too_long"))  # to nobody, as a rule
            case Fault.RESET:
                scope["extensions"]["reset"]()
                await receive()  # returns when the connection is gone

    async def _keep(self, parcel: Parcel, provider_id: str, fate: Fate) -> None:
        if parcel.idempotency_key is not None:
            self._ids_by_key[parcel.idempotency_key] = provider_id
        if self._reporter is not None and fate.receipt is not None:
            await self._reporter.report(parcel, provider_id, fate.receipt)


def _refuse_request(scope: Scope) -> tuple[int, bytes] | None:
    if scope["path"] != PATH:
        return 404, _error("no_such_path")
    if (b"authorization", f"Bearer {TOKEN}".encode()) not in scope["headers"]:
        return 401, _error("unauthorised")
    if scope["method"] != "POST":
        return 405, _error("only_post")
    return None


def _read_parcel(scope: Scope, body: bytes) -> Parcel:
    message = json.loads(body)
    key = dict(scope["headers"]).get(b"idempotency-key")
    if not (message["to"] and message["text"]):
        raise ValueError("nothing to send")
    return Parcel(
        reference=message["reference"],
        address=message["to"],
        idempotency_key=key.decode("ascii") if key else None,
        attempt_id=message.get("attempt"),
        callback_url=_read_callback(message.get("callback")),
    )


def _read_callback(url: str | None) -> str | None:
    if not url:
        return None
    try:
        scheme = httpx.URL(url).scheme
    except httpx.InvalidURL as error:
        raise ValueError("a callback is an address") from error
    if scheme not in {"http", "https"}:
        raise ValueError("a callback is an address on the web")
    return url


def _accepted(provider_id: str) -> bytes:
    return json.dumps({"messages": [{"id": provider_id, "status": "accepted"}]}).encode()


def _error(code: str) -> bytes:
    return json.dumps({"error": {"code": code}}).encode()
