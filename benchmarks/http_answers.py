"""How an HTTP sink answers."""

import json
from collections.abc import Callable

Answer = Callable[[bytes, bytes, int], tuple[bytes, int]]
"""Makes of head, body and number a whole HTTP answer, and says how many messages it took."""


def http_answer(status: str, document: object) -> bytes:
    """Return an HTTP answer that holds JSON."""
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answer_single(_head: bytes, _body: bytes, number: int) -> tuple[bytes, int]:
    """Answer as a carrier that takes one message with one request."""
    return http_answer("202 Accepted", {"id": f"m{number}", "status": "queued"}), 1
