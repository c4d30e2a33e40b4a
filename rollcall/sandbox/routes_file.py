"""Writes the `routes.toml` by which a sender finds the sandbox."""

import json
from collections.abc import Mapping

from rollcall.sandbox.carrier import PATH, TOKEN
from rollcall.sandbox.plan import CarrierPlan, MailPlan, ReceiptPlan, SandboxPlan
from rollcall.sandbox.reports import (
    SIGNATURE_HEADER,
    SIGNATURE_PREFIX,
    SIGNING_KEY,
    TIMESTAMP_HEADER,
    WORDS,
)

SMS_SENDER = "Rollcall"
MAIL_SENDER = "Crisis Team <crisis@sandbox.example>"


RECEIPT_SECRET = "sandbox-receipts-secret"  # noqa: S105 - of carriers that send nothing anywhere


def render_routes(
    plan: SandboxPlan, ports: Mapping[str, int], *, awaits_receipts: bool = False
) -> str:
    """Render the file: one route for each carrier and mail server, whether up or down.

    Args:
        plan: What runs.
        ports: Where each carrier and mail server is, by name.
        awaits_receipts: Whether routes ask for receipts of carriers that send any; without a
            public address none could come in, and every message would wait for one.
    """
    carriers = [
        _render_carrier(
            carrier,
            f"{plan.host}:{ports[carrier.name]}",
            carrier.receipts if awaits_receipts else None,
        )
        for carrier in plan.carriers
    ]
    mail_servers = [_render_mail(mail, plan.host, ports[mail.name]) for mail in plan.mail_servers]
    head = f"# Written by the sandbox; every address is on {plan.host}."
    return "\n".join([head, *carriers, *mail_servers])


def _render_carrier(plan: CarrierPlan, address: str, receipts: ReceiptPlan | None) -> str:
    body = {"to": "{to}", "text": "{text}", "from": "{sender}", "reference": "{reference}"}
    if receipts:
        body |= {"attempt": "{attempt}", "callback": "{callback_url}"}
    parts = ", ".join(f"{name} = {_quote(part)}" for name, part in body.items())
    return f"""
[[route]]
id = {_quote(plan.name)}
kind = "http_sms"
priority = {plan.priority}
honours_idempotency_key = {json.dumps(plan.honours_idempotency_key)}
connect_timeout_s = 2.0
answer_timeout_s = {plan.answer_timeout_s}
max_connections = {plan.max_connections}
url = "http://{address}{PATH}"
headers = {{ Authorization = "Bearer {TOKEN}", Idempotency-Key = "{{idempotency_key}}" }}
body = {{ {parts} }}
sender = {_quote(SMS_SENDER)}
id_path = "messages.0.id"
code_path = "error.code"
codes = {{ permanent = ["unknown_number"] }}
{_render_receipts(receipts) if receipts else ""}"""


def _render_receipts(receipts: ReceiptPlan) -> str:
    return f"""\
receipts = "{receipts.level}"
receipt_deadline_s = {receipts.deadline_s}
receipt_secret = "{RECEIPT_SECRET}"

[route.callback_signature]
header = "{SIGNATURE_HEADER}"
secret = "{SIGNING_KEY}"
prefix = "{SIGNATURE_PREFIX}"
timestamp_header = "{TIMESTAMP_HEADER}"

[route.receipt_fields]
state = "status"
reference = "reference"
provider_id = "id"
occurred_at = "at"

[route.receipt_fields.states]
{_render_words()}
"""


def _render_words() -> str:
    return "\n".join(f"{state} = [{_quote(word)}]" for state, word in WORDS.items())


def _render_mail(plan: MailPlan, host: str, port: int) -> str:
    lines = [
        "\n[[route]]",
        f"id = {_quote(plan.name)}",
        'kind = "smtp"',
        f"priority = {plan.priority}",
        "connect_timeout_s = 2.0",
        f"answer_timeout_s = {plan.answer_timeout_s}",
        f"max_connections = {plan.max_connections}",
        f"host = {_quote(host)}",
        f"port = {port}",
        f'security = "{"starttls" if plan.certificate_file else "none"}"',
        f"sender = {_quote(MAIL_SENDER)}",
    ]
    optional = {"username": plan.username, "password": plan.password, "ca_file": plan.ca_file}
    lines += [f"{name} = {_quote(str(told))}" for name, told in optional.items() if told]
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    """Quote a text for TOML, whose basic strings are JSON's."""
    return json.dumps(text, ensure_ascii=False)
