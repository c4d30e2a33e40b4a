"""What the other parts on this machine tell `rollcall status`; no provider is asked."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import httpx

from rollcall.cli.environments import given_prefect_auth, given_prefect_url
from rollcall.cli.finding import Finding
from rollcall.cli.up_parts import LOOPBACK, health_of
from rollcall.settings import Settings

PATIENCE_S: Final = 3.0


async def look_at_parts(
    settings: Settings, services: Iterable[str], *, wants_prefect: bool
) -> list[Finding]:
    """Ask Prefect's server, the portal and services on this machine how they are.

    Args:
        settings: Where they are.
        services: Which of `replies` and `bounces` there should be.
        wants_prefect: A dispatcher works with Prefect.
    """
    async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False) as http:
        asked = [
            _ask_prefect(http, settings, is_wanted=wants_prefect),
            _ask_portal(http, settings),
            _ask_dashboards(http, settings),
        ]
        asked += [_ask_service(http, settings, name) for name in services]
        return await asyncio.gather(*asked)


async def _ask_prefect(http: httpx.AsyncClient, settings: Settings, *, is_wanted: bool) -> Finding:
    given = given_prefect_url()
    url = given or f"http://{LOOPBACK}:{settings.ports.prefect}/api"
    facts: dict[str, Any] = {"url": url, "answers": False, "version": None}
    if not await _answers(http, f"{url}/health"):
        if given is None and not is_wanted:
            return Finding("prefect", True, "none runs here, and a send needs none", facts)
        told = f"{url} does not answer: messages are sent without it, schedules wait"
        return Finding("prefect", is_good=False, told=told, facts=facts)
    version = await _read_version(http, url)
    told = f"{url} answers{_name(version)}"
    return Finding("prefect", True, told, facts | {"answers": True, "version": version})


async def _ask_portal(http: httpx.AsyncClient, settings: Settings) -> Finding:
    """Ask it here, else as the public does: it may run on another machine."""
    if not settings.public_url:
        told = "none is wanted: ROLLCALL_PUBLIC_URL is not set"
        return Finding("portal", True, told, {"answers": False})
    here, outside = f"http://{LOOPBACK}:{settings.ports.portal}", settings.public_url.rstrip("/")
    places = (here,) if here == outside else (here, outside)
    for place in places:
        if await _answers(http, f"{place}/healthz"):
            port = settings.ports.portal_metrics if place == here else None
            return await _tell_answers(http, settings, "portal", place, port)
    told = f"does not answer at {' or '.join(places)}: receipts and answers do not come in"
    return Finding("portal", is_good=False, told=told, facts={"answers": False})


async def _ask_dashboards(http: httpx.AsyncClient, settings: Settings) -> Finding:
    """Ask them here, else as administrators do; where nobody says that there are any, none need be.

    A send needs none.
    """
    here, outside = f"http://{LOOPBACK}:{settings.ports.dashboards}", settings.dashboards.public_url
    places = [here, outside.rstrip("/")] if outside else [here]
    for place in places:
        if await _answers(http, f"{place}/healthz"):
            port = settings.ports.dashboards_metrics if place == here else None
            return await _tell_answers(http, settings, "dashboards", place, port)
    if outside:
        told = f"does not answer at {' or '.join(places)}: nobody can send or look from there"
        return Finding("dashboards", is_good=False, told=told, facts={"answers": False})
    told = "none run here (`rollcall dashboards`), and a send needs none"
    return Finding("dashboards", True, told, {"answers": False})


async def _ask_service(http: httpx.AsyncClient, settings: Settings, name: str) -> Finding:
    url = health_of(settings, getattr(settings.ports, name))
    try:
        answered = await http.get(url)
        facts = answered.json()
    except (httpx.HTTPError, ValueError):
        told = f"does not answer at {url}: its mailboxes are not read"
        return Finding(name, is_good=False, told=told, facts={"answers": False})
    if not answered.is_success:
        told = "its last round failed, or is overdue: its own lines say why"
        return Finding(name, is_good=False, told=told, facts=facts)
    told = f"last round {facts.get('last_round_s_ago')} s ago{_name(facts.get('version'))}"
    return Finding(name, True, told, facts)


async def _tell_answers(
    http: httpx.AsyncClient, settings: Settings, part: str, url: str, port: int | None
) -> Finding:
    """Tell of a part that answers, with its version if it tells that: the public is not told."""
    version = await _ask_version(http, health_of(settings, port), part) if port else None
    facts = {"answers": True, "url": url, "version": version}
    return Finding(part, True, f"{url} answers{_name(version)}", facts)


async def _ask_version(http: httpx.AsyncClient, url: str, part: str) -> str | None:
    """Return the version that a part tells where its health is asked, if it does."""
    try:
        told = (await http.get(url)).json()
    except (httpx.HTTPError, ValueError):
        return None
    is_of_it = isinstance(told, dict) and told.get("part") == part
    return str(told["version"]) if is_of_it and "version" in told else None


def _name(version: object) -> str:
    return f", version {version}" if version else ""


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


async def _read_version(http: httpx.AsyncClient, url: str) -> str | None:
    """Return the server's version, if it tells us."""
    try:
        answered = await http.get(f"{url}/admin/version", auth=given_prefect_auth())
        return str(answered.raise_for_status().json())
    except (httpx.HTTPError, ValueError):
        return None
