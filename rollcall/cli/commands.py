"""The sub-commands of `rollcall`; the module of each is imported when it is called.

To import all of them takes about as long as most of them work.
"""

from collections import UserDict
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

PLACES: Final = {
    "select": "select:select",
    "send": "send:send",
    "resume": "send:resume",
    "stop": "stop:stop",
    "correct": "follow_up:correct",
    "retry": "follow_up:retry",
    "log": "log:show_log",
    "check": "check:check",
    "refresh": "select:refresh",
    "migrate": "check:migrate",
    "demo": "demo:demo",
    "audience": "audience:audience",
    "bounces": "bounces:bounces",
    "chase": "chase:chase",
    "dashboards": "dashboards:dashboards",
    "dispatcher": "dispatcher:dispatcher",
    "find": "find:find",
    "portal": "portal:portal",
    "server": "server:server",
    "status": "status:status",
    "up": "up:up",
    "replies": "replies:replies",
    "app": "app_devices:devices_app",
    "chat": "chats:chat_app",
    "check-in": "check_in:check_in_app",
    "filters": "filters:filters_app",
    "incidents": "incidents:incidents_app",
    "retention": "retention:retention_app",
    "schedule": "schedule:schedule_app",
    "templates": "templates:templates_app",
    "optouts": "opt_outs:opt_outs_app",
    "users": "users:users_app",
}
"""Every command, in the order of `rollcall --help`: its module, and what it is called there."""


class Commands(TyperGroup):
    """All of `PLACES`, each found when it is asked for."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.commands = _Found(PLACES)


class _Found(UserDict[str, Any]):
    """Commands by their names; beforehand, where they are."""

    def __getitem__(self, name: str) -> Any:
        if isinstance(self.data[name], str):
            self.data[name] = _find(name, self.data[name])
        return self.data[name]


def _find(name: str, place: str) -> Any:
    module, attribute = place.split(":")
    found = getattr(import_module(f"rollcall.cli.{module}"), attribute)
    if isinstance(found, typer.Typer):
        group = get_group(found)
        group.name = name
        return group
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name)(found)
    return get_command(single)
