"""All flows, by name: what a dispatcher has imported before it is needed."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from prefect import Flow

import flows


def load_flows() -> dict[str, Flow[Any, Any]]:
    """Import every module of `flows`; return the flows that are defined there."""
    modules = [import_module(f"flows.{found.name}") for found in iter_modules(flows.__path__)]
    return {
        value.name: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Flow)
    }
