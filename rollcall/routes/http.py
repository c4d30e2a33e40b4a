"""HTTP to providers: clients on our transport; errors say whether a request may have left."""

from typing import Any

import httpx

from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.settings import BaseRouteSettings
from rollcall.routes.transport import NOT_SENT, AiohttpTransport, MakeResolver
from rollcall.routes.trust import load_trust


class ProviderClient(httpx.AsyncClient):
    """An httpx client that hands a request to the transport as it was built.

    Cookies, redirects, hooks and log lines, which no provider's API needs, are a third of the time
    that a message takes.
    """

    def __init__(
        self,
        transport: AiohttpTransport,
        auth: httpx.BasicAuth | None,
        timeout: httpx.Timeout,
    ) -> None:
        # no proxy and no netrc by accident
        super().__init__(transport=transport, auth=auth, timeout=timeout, trust_env=False)
        self._direct = transport
        self._sign_in = auth
        self._limits = timeout.as_dict()

    async def send(self, request: httpx.Request, **_: Any) -> httpx.Response:
        """Send one request and read its answer; how a client may send otherwise is left aside."""
        if auth := self._sign_in or _sign_in_of(request.url):
            next(auth.auth_flow(request))
        request.extensions.setdefault("timeout", self._limits)
        response = await self._direct.handle_async_request(request)
        response.request = request
        await response.aread()
        return response

    async def keep_to(self, connections: int) -> None:
        """Hold at most so many connections from now on; return once no more are open."""
        await self._direct.keep_to(connections)


class HttpRoute:
    """What routes over HTTP have in common: a client that keeps its connections."""

    _client: ProviderClient

    async def keep_to(self, connections: int) -> None:
        """Hold at most so many connections from now on; return once no more are open."""
        await self._client.keep_to(connections)

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        await self._client.aclose()


def _sign_in_of(url: httpx.URL) -> httpx.BasicAuth | None:
    return httpx.BasicAuth(url.username, url.password) if url.userinfo else None


def open_client(
    settings: BaseRouteSettings,
    auth: httpx.BasicAuth | None = None,
    *,
    make_resolver: MakeResolver | None = None,
) -> ProviderClient:
    """Return a client for one provider account, to be kept; nothing is connected yet.

    Args:
        settings: How it is addressed.
        auth: How it is signed in to.
        make_resolver: As for `AiohttpTransport`.

    Raises:
        ConfigError: `ca_file` cannot be read.
    """
    return ProviderClient(
        AiohttpTransport(settings.max_connections, load_trust(settings), make_resolver),
        auth,
        httpx.Timeout(settings.answer_timeout_s, connect=settings.connect_timeout_s),
    )


async def exchange(
    client: httpx.AsyncClient, request: httpx.Request, route_id: str
) -> httpx.Response:
    """Send one request; return the answer, whatever its status.

    Build the request by hand (`httpx.Request`): a third faster than the client's own way.

    Raises:
        RouteError: The provider was not reached: certainly not sent.
        OutcomeUnknownError: The request left, the answer was lost.
    """
    try:
        return await client.send(request)
    # No chain: the engine's errors quote the address, which may hold the number and the text.
    except NOT_SENT as exc:
        raise RouteError(f"not reached, {exc}", route_id, None, "unavailable") from None
    except httpx.HTTPError as exc:
        reason = f"the answer was lost ({type(exc).__name__})"
        raise OutcomeUnknownError(reason, route_id) from None


async def check_by_head(client: httpx.AsyncClient, url: httpx.URL, route_id: str) -> str:
    """Ask for the headers of an address, which sends nothing; return what answered.

    Any HTTP answer will do, since few providers know HEAD, but not one that refuses us.

    Raises:
        RouteError: The provider cannot be reached or refuses our credentials.
    """
    return await check_with(client, httpx.Request("HEAD", url), route_id)


async def check_with(client: httpx.AsyncClient, request: httpx.Request, route_id: str) -> str:
    """Make a request that sends nothing; return what answered.

    Raises:
        RouteError: The provider cannot be reached or refuses our credentials.
    """
    try:
        response = await client.send(request)
    except httpx.HTTPError as exc:
        raise RouteError("cannot be reached", route_id, None, "unavailable") from exc
    status = response.status_code
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise RouteError("refuses our credentials", route_id, str(status), "rejected")
    return f"{request.url.host} answers ({status})"
