"""What the SendGrid route sends, checked against SendGrid's own OpenAPI description."""

import json
from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

from rollcall.domain.personal_links import derive_token
from rollcall.routes.base import Submission
from rollcall.routes.email.sendgrid import SendGridRoute
from tests.integration.routes.mail_provider import (
    Reply,
    Request,
    serve_provider,
    submission,
)
from tests.integration.routes.openapi import read_description
from tests.integration.routes.test_sendgrid import settings

USED = ("from_email_object", "to_email_array", "cc_bcc_email_object", "reply_to_email_object")
"""The definitions that `mail/send` refers to."""

TOKEN = derive_token(bytes(32), "c-1", "p-1", "reply")

TAKEN = Reply(202, headers={"X-Message-Id": "sg-1"})


@pytest.fixture(scope="module")
def referee() -> OpenAPI:
    """The description of `mail/send`, told as OpenAPI 3.1: openapi-core reads no Swagger 2."""
    told = json.dumps(read_description("sendgrid_oai.json"))
    document = json.loads(told.replace("#/definitions/", "#/components/schemas/"))
    operation = document["paths"]["/mail/send"]["post"]
    definitions = document["definitions"]
    (body,) = (each for each in operation["parameters"] if each.get("in") == "body")
    content = {"application/json": {"schema": body["schema"]}}
    post = {
        "requestBody": {"required": True, "content": content},
        "responses": {"202": {"description": "taken"}},
    }
    return OpenAPI.from_dict(
        {
            "openapi": "3.1.0",
            "info": {"title": "mail/send", "version": "3"},
            "servers": [{"url": "https://api.sendgrid.com/v3"}],
            "paths": {"/mail/send": {"post": post}},
            "components": {"schemas": {name: definitions[name] for name in USED}},
        }
    )


def judge(referee: OpenAPI, request: Request, **changes: Any) -> None:
    body = json.dumps(request.json() | changes).encode() if changes else request.body
    referee.validate_request(
        MockRequest(
            "https://api.sendgrid.com",
            request.method.lower(),
            request.target,
            data=body,
            content_type=request.headers["content-type"],
        )
    )


async def record(several: list[Submission]) -> list[Request]:
    async with serve_provider(lambda _: TAKEN) as (provider, url):
        route = SendGridRoute(settings(url, reply_to="reply+{token}@example.org"))
        await route.submit_bulk(several)
        await route.aclose()
    return provider.requests


@pytest.mark.parametrize(
    "several",
    [
        [submission()],
        [submission(html="<p>x</p>", subject=None, text="")],
        [submission(n, text=f"Text {n}", html=f"<p>{n}</p>") for n in range(1000)],
        [submission(n) for n in range(1000)],
        [submission(n, text=f"Text {n}", reply_token=TOKEN) for n in range(1000)],
    ],
    ids=["one", "one with HTML", "own texts", "one text", "answerable"],
)
async def test_request_is_as_sendgrid_describes_it(
    referee: OpenAPI, several: list[Submission]
) -> None:
    (request,) = await record(several)
    judge(referee, request)


@pytest.mark.parametrize(
    "changes",
    [
        {"personalizations": [{"subject": "to nobody"}]},
        {"from": {"name": "nobody"}},
        {"content": [{"type": "text/plain", "value": ""}]},
        {"subject": ""},
        {"personalizations": [{"to": [{"email": "p@example.org"}]}] * 1001},
    ],
)
async def test_referee_would_see_a_mistake(referee: OpenAPI, changes: dict[str, Any]) -> None:
    (request,) = await record([submission()])
    with pytest.raises(OpenAPIError):
        judge(referee, request, **changes)
