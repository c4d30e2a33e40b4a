"""How providers with a bulk endpoint answer a request that they take over as a whole."""

import json
import re
from collections.abc import Mapping

from benchmarks.http_answers import Answer, http_answer

_MULTIPART_TO = re.compile(rb'name="to"\r\n\r\n(.*?)\r\n', re.DOTALL)


def answer_infobip(_head: bytes, body: bytes, number: int) -> tuple[bytes, int]:
    """Answer for each message, by its id."""
    pending = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED"}
    told = [
        {"messageId": one["messageId"], "status": pending, "destination": one["to"]}
        for message in json.loads(body)["messages"]
        for one in message["destinations"]
    ]
    return http_answer("200 OK", {"bulkId": f"bulk{number}", "messages": told}), len(told)


def answer_sinch(_head: bytes, body: bytes, number: int) -> tuple[bytes, int]:
    """Repeat the batch, with its id."""
    batch = json.loads(body)
    echo = {**batch, "id": f"01BATCH{number}", "type": "mt_text", "canceled": False}
    return http_answer("201 Created", echo), len(batch["to"])


def answer_sendgrid(_head: bytes, body: bytes, number: int) -> tuple[bytes, int]:
    """Answer with an id for the whole request, and no body."""
    head = f"HTTP/1.1 202 Accepted\r\nX-Message-Id: sg{number}\r\nContent-Length: 0\r\n\r\n"
    return head.encode(), len(json.loads(body)["personalizations"])


def answer_mailgun(_head: bytes, body: bytes, number: int) -> tuple[bytes, int]:
    """Answer with an id for the whole request."""
    found = _MULTIPART_TO.search(body)
    assert found, "no recipients"
    queued = {"id": f"<{number}@mg.example.org>", "message": "Queued. Thank you."}
    return http_answer("200 OK", queued), found[1].count(b"@")


BULK_ANSWERS: Mapping[str, Answer] = {
    "infobip": answer_infobip,
    "sinch": answer_sinch,
    "sendgrid": answer_sendgrid,
    "mailgun": answer_mailgun,
}
