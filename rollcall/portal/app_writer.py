"""The app's pages as HTML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rollcall.clock import format_instant
from rollcall.ledger.app_chats import OwnChat
from rollcall.ledger.app_devices import Device
from rollcall.ledger.app_reports import Emergency
from rollcall.portal.app_texts import load_app_catalogues
from rollcall.portal.assets import Assets
from rollcall.portal.catalogues import Catalogue, write_time

TEMPLATES: Final = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Own:
    """What a person sees of themselves in the app.

    Attributes:
        device: The device they look with.
        nonce: For its forms.
        emergency: Their active one.
        chats: Those they can open.
        push_key: What browsers subscribe to notifications with; None where none are sent.
    """

    device: Device
    nonce: str
    emergency: Emergency | None
    chats: Sequence[OwnChat] = field(default=())
    push_key: str | None = None


class AppWriter:
    """Writes the app's pages; safe to use from several threads.

    Args:
        public_url: Where recipients reach the portal, without a slash at the end.
        organisation: Who runs it.
        assets: Style and script.
    """

    def __init__(self, public_url: str, organisation: str, assets: Assets) -> None:
        self.root = urlsplit(public_url).path
        self._catalogues = load_app_catalogues()
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        self._environment.globals |= {
            "root": self.root,
            "organisation": organisation,
            "style": assets.name_of("app.css"),
            "script": assets.name_of("app.js"),
        }

    def write_home(self, own: Own, language: str) -> str:
        """Return the app's first page: chats, location, notifications, emergency."""
        return self._write("app_home", language, own=own)

    def write_emergency(self, own: Own, language: str) -> str:
        """Return the page that opens an emergency, or ends it."""
        return self._write("app_emergency", language, own=own)

    def write_join(self, token: str, nonce: str, language: str) -> str:
        """Return the page that asks whether this device is to be enrolled."""
        return self._write("app_join", language, token=token, nonce=nonce)

    def write_stranger(self, language: str) -> str:
        """Return what a device sees that is not enrolled."""
        return self._write("app_stranger", language)

    def write_offline(self, language: str) -> str:
        """Return what the app shows without a connection."""
        return self._write("app_offline", language)

    def write_notice(self, language: str, status: HTTPStatus) -> str:
        """Return a page that says why there is none; the same for everybody."""
        return self._write("app_notice", language, status=int(status))

    def _write(self, name: str, language: str, **told: Any) -> str:
        catalogue = self._catalogues[language]
        return self._environment.get_template(f"{name}.html.j2").render(
            language=language,
            direction=catalogue.direction,
            _=catalogue.say,
            when=_write_moments(catalogue),
            **told,
        )


def _write_moments(catalogue: Catalogue) -> Callable[[datetime], Markup]:
    def write(moment: datetime) -> Markup:
        at = moment.replace(second=0, microsecond=0)
        words = write_time(at, catalogue.language)
        return Markup('<time datetime="{}">{}</time>').format(format_instant(at), words)

    return write
