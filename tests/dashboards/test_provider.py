"""Sign-in by an identity provider: whom it names comes in, as what it says, and nobody else."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from dashboards.door.cookies import COOKIE
from rollcall.domain.acts import Actor
from rollcall.ledger.engine import Ledger
from rollcall.settings import DashboardSettings
from tests.dashboards.doors import knocking
from tests.dashboards.houses import PROVIDER, Lived, living_in
from tests.dashboards.provider import CLIENT, SECRET, Provider, run_provider


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with run_provider() as one:
        yield one


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.claims = {"preferred_username": "ana", "groups": ["everybody", "security"]}
    running.key = None
    running.asked.clear()
    return running


@pytest.fixture
def sso(sqlite_ledger: Ledger, tmp_path: Path, provider: Provider) -> Iterator[Lived]:
    with move_in(sqlite_ledger, tmp_path, provider) as lived:
        yield lived


def move_in(ledger: Ledger, folder: Path, provider: Provider) -> AbstractContextManager[Lived]:
    settings: DashboardSettings = PROVIDER.model_copy(
        update={
            "oidc_metadata_url": provider.metadata_url,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
        }
    )
    return living_in(ledger, folder, settings)


async def go_round(http: httpx.AsyncClient, onwards: str = "/") -> httpx.Response:
    """Go to the provider and come back, as a browser does."""
    sent = await http.get("/sign-in/provider", params={"next": onwards})
    async with httpx.AsyncClient(trust_env=False) as outside:
        back = (await outside.get(sent.headers["location"])).headers["location"]
    parts = urlsplit(back)
    return await http.get(f"{parts.path}?{parts.query}")


async def test_whom_the_provider_names_comes_in_as_what_it_says(
    sso: Lived, provider: Provider
) -> None:
    async with knocking() as http:
        page = await http.get("/sign-in?next=/audit")
        assert "/sign-in/provider?next=/audit" in page.text
        assert "password" not in page.text
        entered = await go_round(http, "/audit")
        assert (entered.status_code, entered.headers["location"]) == (303, "/audit")
        inside = await http.get("/audit")
    session = sso.house.reception.find_by_id(inside.json()["session"])
    assert session is not None
    assert (session.actor, session.kind) == (Actor("ana", "admin"), "oidc")
    assert provider.asked[0]["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    ("groups", "actor"),
    [
        (["duty"], Actor("ana", "sender", 3)),
        (["analysts", "duty"], Actor("ana", "sender", 3)),
        ("analysts", Actor("ana", "viewer")),
    ],
)
async def test_roles_come_from_the_claim(
    sso: Lived, provider: Provider, groups: object, actor: Actor
) -> None:
    provider.claims["groups"] = groups
    async with knocking() as http:
        await go_round(http)
        session_id = (await http.get("/")).json()["session"]
    found = sso.house.reception.find_by_id(session_id)
    assert found is not None
    assert found.actor == actor


@pytest.mark.usefixtures("sso")
@pytest.mark.parametrize("groups", [[], ["everybody"], None, 7])
async def test_whoever_has_no_role_is_not_let_in(provider: Provider, groups: object) -> None:
    provider.claims["groups"] = groups
    async with knocking() as http:
        answered = await go_round(http)
        assert answered.status_code == 403
        assert "no role here is yours" in answered.text
        assert COOKIE not in http.cookies


@pytest.mark.usefixtures("sso")
async def test_a_forged_word_of_the_provider_is_not_believed(provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048)
    async with knocking() as http:
        answered = await go_round(http)
        assert answered.status_code == 403
        assert COOKIE not in http.cookies


@pytest.mark.usefixtures("sso")
@pytest.mark.parametrize("claim", ["aud", "iss", "nonce"])
async def test_a_word_that_was_not_for_us_is_not_believed(provider: Provider, claim: str) -> None:
    provider.claims[claim] = "another"
    async with knocking() as http:
        assert (await go_round(http)).status_code == 403
        assert COOKIE not in http.cookies


@pytest.mark.usefixtures("sso")
async def test_an_answer_that_nobody_asked_for_is_not_taken() -> None:
    async with knocking() as http:
        answered = await http.get("/sign-in/return?code=a-code&state=made-up")
        assert answered.status_code == 403
        assert COOKIE not in http.cookies


async def test_a_provider_that_is_away_is_one_sentence(
    sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    away = Provider(url="http://127.0.0.1:9")
    with move_in(sqlite_ledger, tmp_path, away):
        async with knocking() as http:
            answered = await http.get("/sign-in/provider")
    assert answered.status_code == 403
    assert "does not answer" in answered.text
