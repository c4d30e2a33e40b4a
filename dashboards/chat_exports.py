"""Chats as files: members, all answers and posts, sent piece by piece."""

from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboards.door.guard import HEADER
from dashboards.house import House, current_house
from rollcall.errors import InputError, NotAllowedError, RollcallError
from rollcall.ledger.chats import ChatRecord
from rollcall.sending.chat_export import ExportFormat, export_chat

_TYPES: Final[dict[ExportFormat, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


async def export_csv(request: Request) -> Response:
    """Send a chat as CSV that spreadsheets do not execute."""
    return await _export(request, "csv")


async def export_json(request: Request) -> Response:
    """Send a chat as JSON."""
    return await _export(request, "json")


def list_routes() -> list[Route]:
    """Return the addresses of the files."""
    return [
        Route("/export/chat/{chat_id}.csv", export_csv, methods=["GET"]),
        Route("/export/chat/{chat_id}.json", export_json, methods=["GET"]),
    ]


async def _export(request: Request, file_format: ExportFormat) -> Response:
    chat_id = request.path_params["chat_id"]
    try:
        house, chat = await to_thread.run_sync(_allow, chat_id, request.headers.get(HEADER))
    except InputError as error:
        return PlainTextResponse(f"{error}\n", 404)
    except RollcallError as error:
        return PlainTextResponse(f"{error}\n", 403)
    name = f'attachment; filename="rollcall-chat-{chat.chat_id}.{file_format}"'
    return StreamingResponse(
        export_chat(house.ledger, chat, file_format),
        media_type=_TYPES[file_format],
        headers={"Content-Disposition": name},
    )


def _allow(chat_id: str, session_id: str | None) -> tuple[House, ChatRecord]:
    """Record who takes a chat along, and return where it is."""
    house = current_house()
    signed_in = house.reception.find_by_id(session_id or "")
    if signed_in is None:
        raise NotAllowedError("sign in first")
    return house, house.chatting.note_export(signed_in.actor, chat_id)
