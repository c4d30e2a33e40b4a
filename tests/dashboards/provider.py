"""An identity provider on loopback: real HTTP and signatures, and the claims a test wants."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = "rollcall"
SECRET = "of-a-test"


@dataclass
class Provider:
    """Signs everybody in who is sent to it.

    Attributes:
        url: Where it is.
        claims: What it says of them.
        key: What it signs with; with another one than it publishes, its word is forged.
        asked: What clients asked for.
    """

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    published: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, auto_kid=True))
    key: RSAKey | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def make_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._describe),
                Route("/authorize", self._authorise),
                Route("/token", self._give_token, methods=["POST"]),
                Route("/keys", self._publish),
            ]
        )

    async def _describe(self, _: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _authorise(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))
        back, state = request.query_params["redirect_uri"], request.query_params["state"]
        return RedirectResponse(f"{back}?code=a-code&state={state}", 302)

    async def _give_token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        assert form["code_verifier"]
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "sub": "u1", "iat": now, "exp": now + 60,
            "nonce": self.asked[-1]["nonce"], **self.claims,
        }  # fmt: skip
        header = {"alg": "RS256", "kid": self.published.kid}
        token = jwt.encode(header, claims, self.key or self.published)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})

    async def _publish(self, _: Request) -> Response:
        return JSONResponse({"keys": [self.published.as_dict(private=False)]})


@contextmanager
def run_provider() -> Iterator[Provider]:
    """Run a provider for as long as the context lasts."""
    provider = Provider()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        provider.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(provider.make_app(), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join(timeout=10)
