"""The examples in docs/routes are working ones."""

import base64
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rollcall.routes.config import parse_routes
from rollcall.routes.registry import build_route
from tests.architecture.project import PROJECT

PAGES = sorted((PROJECT / "docs" / "routes").glob("*.md"))
KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
OF_A_FORM = {
    "ROLLCALL_SECRET_APPRISE_URL": "bulksms://user:password@/{to}",
    "ROLLCALL_SECRET_SENDGRID_WEBHOOK": base64.b64encode(
        KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode(),
}
"""Secrets that are no mere words."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_are_a_routes_file_that_loads(page: Path) -> None:
    examples = re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    together = "\n".join(examples)
    assert together
    named = re.findall(r"env:(ROLLCALL_SECRET_\w+)", together)
    secrets = dict.fromkeys(named, "a-secret-for-tests-only") | OF_A_FORM
    for settings in parse_routes(together, page.name, secrets):
        assert build_route(settings, public_url="https://safe.example.org").channel


def test_example_file_loads_as_it_is_and_with_receipts_switched_on() -> None:
    example = (PROJECT / "routes.example.toml").read_text("utf-8")
    switched_on = re.sub(r"^# (receipt\w* = )", r"\1", example, flags=re.MULTILINE)
    secrets = dict.fromkeys(re.findall(r"env:(ROLLCALL_SECRET_\w+)", example), "a" * 16)
    for text, receipts in ((example, "none"), (switched_on, "handset")):
        routes = parse_routes(text, "routes.example.toml", secrets)
        assert {one.id: one.receipts for one in routes}["twilio-asia"] == receipts
