"""`/health` and `/metrics` of the dashboards, at a port of their own where no browser comes."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from anyio import to_thread

from dashboards.house import current_house
from rollcall.errors import RollcallError
from rollcall.metrics.monitor import Vitals, monitored


@asynccontextmanager
async def monitored_from_outside(_: st.App) -> AsyncIterator[None]:
    """Serve them while the app runs, if it was started with a port for them.

    Raises:
        ConfigError: It cannot be listened there.
    """
    port = read_port(sys.argv[1:])
    async with monitored(current_house().settings, port, "dashboards", check_ledger):
        yield


async def check_ledger() -> Vitals:
    """Tell whether the dashboards can do what they are for: the ledger answers."""
    try:
        await to_thread.run_sync(current_house().ledger.read_version)
    except RollcallError as error:
        return Vitals(is_well=False, facts={"reason": str(error)})
    return Vitals(is_well=True)


def read_port(arguments: list[str]) -> int | None:
    """Return the port of `streamlit run dashboards/app.py -- --metrics-port PORT`."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--metrics-port", type=int)
    port: int | None = parser.parse_known_args(arguments)[0].metrics_port
    return port
