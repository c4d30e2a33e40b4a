"""What is taken out of the dashboards as files: sent row by row, whatever there is of it."""

from collections.abc import Iterator

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboards.chat_exports import list_routes as list_chat_routes
from dashboards.door.guard import HEADER
from dashboards.house import House, current_house
from dashboards.queries.recipients import RecipientQuery, RecipientRow, iterate_recipients
from dashboards.words import CHANNEL_WORDS, STATUS_WORDS
from rollcall.clock import format_instant
from rollcall.domain.safe_csv import write_csv
from rollcall.errors import InputError, NotAllowedError, RollcallError

_COLUMNS = (
    "person_id", "name", "country", "position_from", "channel", "address", "status", "in_words",
    "reason", "tries", "route", "last_try_at", "provider_id", "receipt",
)  # fmt: skip


async def export_recipients(request: Request) -> Response:
    """Send the recipients of a message as CSV that spreadsheets do not execute."""
    message_id = request.path_params["message_id"]
    try:
        house = await to_thread.run_sync(_allow, message_id, request.headers.get(HEADER))
    except InputError as error:
        return PlainTextResponse(f"{error}\n", 404)
    except RollcallError as error:
        return PlainTextResponse(f"{error}\n", 403)
    name = f'attachment; filename="rollcall-{message_id}.csv"'
    lines = write_csv(_rows(house, message_id))
    return StreamingResponse(
        lines, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name}
    )


def list_routes() -> list[Route]:
    """Return the addresses of the files."""
    message = Route("/export/{message_id}.csv", export_recipients, methods=["GET"])
    return [message, *list_chat_routes()]


def _allow(message_id: str, session_id: str | None) -> House:
    """Record who takes a message's recipients along, and return where they are."""
    house = current_house()
    signed_in = house.reception.find_by_id(session_id or "")
    if signed_in is None:
        raise NotAllowedError("sign in first")
    house.desk.note_export(signed_in.actor, message_id)
    return house


def _rows(house: House, message_id: str) -> Iterator[tuple[str | int | None, ...]]:
    yield _COLUMNS
    for one in iterate_recipients(house.ledger, RecipientQuery(message_id)):
        yield from _rows_of(one)


def _rows_of(one: RecipientRow) -> Iterator[tuple[str | int | None, ...]]:
    """Yield one row for each delivery of a recipient."""
    who = (one.person_id, one.name, one.position.get("country"), one.position.get("source"))
    for delivery in one.deliveries:
        last = delivery.tries[-1] if delivery.tries else None
        yield (
            *who,
            CHANNEL_WORDS.get(delivery.channel, delivery.channel),
            delivery.address,
            delivery.status,
            STATUS_WORDS.get(delivery.status, delivery.status),
            delivery.reason,
            len(delivery.tries),
            last.route_id if last else None,
            format_instant(last.started_at) if last else None,
            last.provider_id if last else None,
            last.receipt_state if last else None,
        )
