"""Everything that the portal serves to members and devices."""

from rollcall.portal.app import Part
from rollcall.portal.app_parts import build_app_parts
from rollcall.portal.assets import Assets
from rollcall.portal.desk import Desk
from rollcall.portal.member_parts import ANSWER_WITHIN_S, build_member_parts


def build_parts(
    desk: Desk, organisation: str, answer_within_s: float = ANSWER_WITHIN_S
) -> list[Part]:
    """Return what serves the member's page and the app, and the files of both.

    Args:
        desk: What it works with.
        organisation: Who runs it.
        answer_within_s: How long a member waits for a commit or a page.
    """
    assets = Assets()
    members = build_member_parts(desk, organisation, assets, answer_within_s)
    return [assets, *members, *build_app_parts(desk, organisation, assets)]
