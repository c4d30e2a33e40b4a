"""Runs of schedules as Prefect hands them to a dispatcher, and an app that they run in."""

import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from sqlalchemy import select

from rollcall.ledger.tables import Message
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from rollcall.wiring import App, running_app
from tests.integration.sending.apps import MovedClock, open_app
from tests.ports import find_free_port


@asynccontextmanager
async def running_without_prefect(migrated: Path, folder: Path) -> AsyncIterator[App]:
    """Run an app whose administrators are told by email; Prefect's server is away."""
    url = f"sqlite:///{shutil.copy(migrated, folder / 'ledger.db')}"
    away = f"http://127.0.0.1:{find_free_port()}/api"
    with (
        temporary_settings({PREFECT_API_URL: away, PREFECT_CLIENT_MAX_RETRIES: 0}),
        start_sandbox(make_plan("clean", seed=1), folder) as sandbox,
    ):
        async with open_app(folder, url, sandbox.routes_file, MovedClock()) as app:
            told = app.settings.model_copy(update={"administrators": ["duty@example.org"]})
            async with running_app(replace(app, settings=told)) as running:
                yield running


def make_run(planned_at: datetime, parameters: dict[str, Any] | None = None) -> FlowRun:
    """Return a run of a schedule."""
    run_id = uuid.uuid4()
    return FlowRun(
        id=run_id,
        flow_id=uuid.uuid4(),
        name="run",
        parameters=parameters or {},
        auto_scheduled=True,
        idempotency_key=f"scheduled {run_id}",
        expected_start_time=planned_at,
    )


def list_texts(app: App) -> list[str]:
    """Return the texts of all messages that were accepted, oldest first."""
    with app.ledger.read() as connection:
        requests = connection.scalars(select(Message.request).order_by(Message.accepted_at))
        return [str(one["content"]["text"]) for one in requests]
