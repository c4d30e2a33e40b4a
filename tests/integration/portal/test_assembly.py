"""The portal as the settings make it."""

from pathlib import Path

import httpx
import pytest

from rollcall.clock import SystemClock
from rollcall.errors import ConfigError
from rollcall.ledger.migrate import migrate_ledger
from rollcall.portal.assembly import open_portal
from rollcall.settings import Settings
from rollcall.wiring import build_ledger
from tests.integration.conversations import KEY, open_conversation

ROUTES = """
[[route]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
port = 2525
security = "none"
sender = "Example Corp <safety@example.org>"
"""


def make_settings(folder: Path, **more: str) -> Settings:
    routes_file = folder / "routes.toml"
    routes_file.write_text(ROUTES)
    told = {"data_dir": folder / "data", "routes_file": routes_file} | more
    settings = Settings.model_validate({"public_url": "https://safe.example.org"} | told)
    ledger = build_ledger(settings)
    migrate_ledger(ledger)
    ledger.close()
    return settings


async def test_it_serves_members_where_no_route_reports(tmp_path: Path) -> None:
    async with open_portal(make_settings(tmp_path), SystemClock()) as app:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http,
        ):
            assert (await http.get("/c/nobody")).status_code == 410
            assert (await http.get("/healthz")).status_code == 200


async def test_it_does_not_start_with_a_key_that_makes_no_links(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, portal_key="too short")
    with pytest.raises(ConfigError, match="ROLLCALL_PORTAL_KEY must be at least 64 hexadecimal"):
        async with open_portal(settings, SystemClock()):
            pytest.fail("it started")


async def test_it_does_not_start_with_another_key_than_an_open_chat_has(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    ledger = build_ledger(settings)
    open_conversation(ledger)
    ledger.close()
    with pytest.raises(ConfigError, match=r"ROLLCALL_PORTAL_KEY, or portal\.key"):
        async with open_portal(settings, SystemClock()):
            pytest.fail("it started")
    async with open_portal(make_settings(tmp_path, portal_key=KEY.hex()), SystemClock()):
        pass
