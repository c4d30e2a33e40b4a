"""Read `routes.toml`: put the secrets in, and tell every mistake in one sentence."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rollcall.errors import ConfigError
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.routes.registry import read_route_settings
from rollcall.routes.settings import BaseRouteSettings, EmailRouteSettings, SmtpSettings

SECRET_PREFIX = "ROLLCALL_SECRET_"  # noqa: S105 - the prefix of a variable's name
"""How every secret's name begins, so that no other variable is read by way of the file."""

_SECRET = re.compile(r"\benv:([A-Za-z0-9_]*)")


def load_routes(path: Path, secrets: Mapping[str, str]) -> list[BaseRouteSettings]:
    """Read the configured routes, preferred ones first.

    Args:
        path: The TOML file with its `[[route]]` entries.
        secrets: Secrets by their full name, e.g. the environment.

    Raises:
        ConfigError: The file cannot be read or understood; names file, route and field.
    """
    return parse_routes(_read_text(path), str(path), secrets)


def load_mailboxes(
    path: Path, secrets: Mapping[str, str]
) -> list[tuple[MailboxSettings, EmailRouteSettings]]:
    """Read the configured mailboxes, each with the route whose bounces or answers come there.

    Args:
        path: The TOML file with its `[[mailbox]]` entries; there may be none.
        secrets: Secrets by their full name, e.g. the environment.

    Raises:
        ConfigError: As `load_routes`.
    """
    return parse_mailboxes(_read_text(path), str(path), secrets)


def parse_mailboxes(
    text: str, origin: str, secrets: Mapping[str, str]
) -> list[tuple[MailboxSettings, EmailRouteSettings]]:
    """Read mailboxes from the text of a file; `origin` names the file in errors.

    Raises:
        ConfigError: As `load_routes`.
    """
    routes = {route.id: route for route in parse_routes(text, origin, secrets)}
    mailboxes = []
    for number, entry in enumerate(_read_document(text, origin).get("mailbox", []), 1):
        name = f"{origin}: mailbox {number}"
        mailbox = _read_mailbox(name, entry, secrets)
        mailboxes.append((mailbox, _find_route(name, mailbox, routes)))
    return mailboxes


def _find_route(
    name: str, mailbox: MailboxSettings, routes: Mapping[str, BaseRouteSettings]
) -> EmailRouteSettings:
    """Return the route of a mailbox; one that holds answers needs an address that these go to."""
    route = routes.get(mailbox.route)
    if mailbox.holds == "bounces":
        if isinstance(route, SmtpSettings):
            return route
        raise ConfigError(f"{name}: route: no route of kind 'smtp' is called {mailbox.route!r}")
    if isinstance(route, EmailRouteSettings) and route.reply_to is not None:
        return route
    raise ConfigError(f"{name}: route: no route with a reply_to is called {mailbox.route!r}")


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be read ({exc.strerror})") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: is not UTF-8 text") from exc


def parse_routes(text: str, origin: str, secrets: Mapping[str, str]) -> list[BaseRouteSettings]:
    """Read routes from the text of a file; `origin` names the file in errors.

    Raises:
        ConfigError: As `load_routes`.
    """
    entries = _read_entries(text, origin)
    _refuse_duplicates(origin, [entry.get("id") for entry in entries])
    routes = [
        _read_route(f"{origin}: route {entry.get('id', number)!r}", entry, secrets)
        for number, entry in enumerate(entries, 1)
    ]
    return sorted(routes, key=lambda route: (route.priority, route.id))


def _read_entries(text: str, origin: str) -> list[dict[str, Any]]:
    document = _read_document(text, origin)
    entries = document.get("route")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError(f"{origin}: holds no [[route]]")
    mailboxes = document.get("mailbox", [])
    if not isinstance(mailboxes, list) or not all(isinstance(entry, dict) for entry in mailboxes):
        raise ConfigError(f"{origin}: a mailbox is written as [[mailbox]]")
    return entries


def _read_document(text: str, origin: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{origin}: is not TOML: {exc}") from exc
    for name in sorted(document.keys() - {"route", "mailbox"}):
        raise ConfigError(
            f"{origin}: unknown key {name!r}; routes are written as [[route]], mailboxes as"
            " [[mailbox]]"
        )
    return document


def _refuse_duplicates(origin: str, route_ids: Sequence[object]) -> None:
    for route_id in route_ids:
        if route_id is not None and route_ids.count(route_id) > 1:
            raise ConfigError(f"{origin}: two routes have the id {route_id!r}")


def _read_route(route: str, entry: dict[str, Any], secrets: Mapping[str, str]) -> BaseRouteSettings:
    try:
        return read_route_settings(_put_in_secrets(entry, secrets))
    except ValidationError as exc:
        raise ConfigError(f"{route}: {_tell_first_mistake(exc)}") from exc
    except LookupError as exc:
        raise ConfigError(f"{route}: {exc.args[0]}") from exc


def _read_mailbox(
    mailbox: str, entry: dict[str, Any], secrets: Mapping[str, str]
) -> MailboxSettings:
    try:
        return MailboxSettings.model_validate(_put_in_secrets(entry, secrets))
    except ValidationError as exc:
        raise ConfigError(f"{mailbox}: {_tell_first_mistake(exc, skip=0)}") from exc
    except LookupError as exc:
        raise ConfigError(f"{mailbox}: {exc.args[0]}") from exc


def _tell_first_mistake(invalid: ValidationError, skip: int = 1) -> str:
    """Name the field and what is wrong with it, without the value: it may be a secret.

    Of a route the first part of the field's place is its kind, which is skipped.
    """
    mistake = invalid.errors(include_input=False, include_url=False)[0]
    field = ".".join(map(str, mistake["loc"][skip:]))
    told = mistake["msg"].removeprefix("Value error, ")
    return f"{field}: {told}" if field else told


def _put_in_secrets(entry: Any, secrets: Mapping[str, str], field: str = "") -> Any:
    if isinstance(entry, str):
        return _SECRET.sub(lambda match: _find_secret(match[1], field, secrets), entry)
    if isinstance(entry, dict):
        return {
            name: _put_in_secrets(part, secrets, f"{field}.{name}".lstrip("."))
            for name, part in entry.items()
        }
    if isinstance(entry, list):
        return [_put_in_secrets(part, secrets, field) for part in entry]
    return entry


def _find_secret(name: str, field: str, secrets: Mapping[str, str]) -> str:
    if not name.startswith(SECRET_PREFIX):
        raise LookupError(f"{field}: a secret's name begins with {SECRET_PREFIX}, not {name!r}")
    if not secrets.get(name):
        raise LookupError(f"{field}: the secret {name} is not set")
    return secrets[name]
