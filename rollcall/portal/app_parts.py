"""What serves the app, made of the ledger and the key of personal links."""

from urllib.parse import urlsplit

from rollcall.portal.app import Part
from rollcall.portal.app_answers import AppAnswers
from rollcall.portal.app_door import AppDoor
from rollcall.portal.app_enrolment import AppEnrolment
from rollcall.portal.app_files import AppFiles
from rollcall.portal.app_writer import AppWriter
from rollcall.portal.assets import Assets
from rollcall.portal.desk import Desk


def build_app_parts(desk: Desk, organisation: str, assets: Assets) -> list[Part]:
    """Return what serves the app.

    Args:
        desk: What it works with.
        organisation: Who runs it, and what the app is called.
        assets: Style and script; served by somebody else.
    """
    answers = AppAnswers(AppWriter(desk.public_url, organisation, assets))
    root = urlsplit(desk.public_url).path
    return [
        AppEnrolment(desk, answers),
        AppFiles(root, organisation, assets),
        AppDoor(desk, answers),
    ]
