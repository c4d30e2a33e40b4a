"""Writes the `routes.toml` by which a sender finds the sandbox."""

import json
from collections.abc import Mapping

from rollcall.sandbox.carrier import PATH, TOKEN
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan

SMS_SENDER = "Rollcall"
MAIL_SENDER = "Crisis Team <crisis@sandbox.example>"


def render_routes(plan: SandboxPlan, ports: Mapping[str, int]) -> str:
    """Render the file: one route for each carrier and mail server, whether up or down."""
    carriers = [_render_carrier(carrier, ports[carrier.name]) for carrier in plan.carriers]
    mail_servers = [_render_mail(mail, ports[mail.name]) for mail in plan.mail_servers]
    head = "# Written by the sandbox; every address is on loopback."
    return "\n".join([head, *carriers, *mail_servers])


def _render_carrier(plan: CarrierPlan, port: int) -> str:
    return f"""
[[route]]
id = {_quote(plan.name)}
kind = "http_sms"
priority = {plan.priority}
honours_idempotency_key = {json.dumps(plan.honours_idempotency_key)}
connect_timeout_s = 2.0
answer_timeout_s = {plan.answer_timeout_s}
max_connections = {plan.max_connections}
url = "http://127.0.0.1:{port}{PATH}"
headers = {{ Authorization = "Bearer {TOKEN}", Idempotency-Key = "{{idempotency_key}}" }}
body = {{ to = "{{to}}", text = "{{text}}", from = "{{sender}}", reference = "{{reference}}" }}
sender = {_quote(SMS_SENDER)}
id_path = "messages.0.id"
code_path = "error.code"
codes = {{ permanent = ["unknown_number"] }}
"""


def _render_mail(plan: MailPlan, port: int) -> str:
    lines = [
        "\n[[route]]",
        f"id = {_quote(plan.name)}",
        'kind = "smtp"',
        f"priority = {plan.priority}",
        "connect_timeout_s = 2.0",
        f"answer_timeout_s = {plan.answer_timeout_s}",
        f"max_connections = {plan.max_connections}",
        'host = "127.0.0.1"',
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
