"""What the pages about mail routes tell operators to write is understood."""

import base64
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rollcall.routes.config import parse_routes
from tests.architecture.project import PROJECT

PUBLIC_KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
SECRETS = {
    "ROLLCALL_SECRET_SENDGRID_KEY": "SG.key",
    "ROLLCALL_SECRET_SENDGRID_RECEIPTS": "s" * 16,
    "ROLLCALL_SECRET_SENDGRID_WEBHOOK": base64.b64encode(
        PUBLIC_KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode(),
    "ROLLCALL_SECRET_MAILGUN_KEY": "key",
    "ROLLCALL_SECRET_MAILGUN_RECEIPTS": "s" * 16,
    "ROLLCALL_SECRET_MAILGUN_SIGNING": "key",
    "ROLLCALL_SECRET_APPRISE_URL": "bulksms://user:password@/{to}",
}


@pytest.mark.parametrize(
    ("page", "route_id"),
    [("sendgrid", "sendgrid"), ("mailgun", "mailgun"), ("apprise", "last-resort")],
)
def test_example_is_a_route(page: str, route_id: str) -> None:
    text = (PROJECT / "docs" / "routes" / f"{page}.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (route,) = parse_routes(example, page, SECRETS)
    assert (route.id, getattr(route, "kind", None)) == (route_id, page)
