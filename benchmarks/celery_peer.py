"""A Celery app that hands messages to a carrier as its users would: a task, a kept session."""

import requests
from celery import Celery

app = Celery("benchmark")
app.conf.task_ignore_result = True
session = requests.Session()
session.headers["Authorization"] = "Bearer benchmark"


@app.task  # type: ignore[untyped-decorator]  # Celery ships no type hints
def post_message(carrier: str, to: str, text: str, reference: str) -> None:
    """Hand one message to the carrier."""
    body = {"to": to, "text": text, "from": "Rollcall", "reference": reference}
    session.post(carrier, json=body, timeout=30).raise_for_status()
