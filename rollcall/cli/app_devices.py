"""`rollcall app`: invite people to use the app, see their devices, revoke them.

Emergencies are in `rollcall.cli.app_emergencies`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from rollcall.cli.app_emergencies import emergencies, safe
from rollcall.cli.moments import show_instant
from rollcall.cli.output import (
    Format,
    FormatOption,
    LastGoodOption,
    SourceOption,
    console,
    make_cell,
    new_table,
    print_json,
    print_notice,
)
from rollcall.clock import SystemClock, format_instant
from rollcall.domain.app_tokens import ENROL_HOURS, grant_enrolment, write_enrol_token
from rollcall.errors import InputError
from rollcall.ledger.app_devices import Device, list_devices, revoke_devices
from rollcall.ledger.app_reports import find_emergency
from rollcall.sending.link_key import LinkKey
from rollcall.sending.preparing import open_version
from rollcall.settings import load_settings
from rollcall.sources.people_ids import find_unknown_people
from rollcall.wiring import build_link_key, build_sources, opened_ledger

devices_app = typer.Typer(
    help="Invite people to use the app; see their devices and emergencies, end either.",
    no_args_is_help=True,
)
devices_app.command()(emergencies)
devices_app.command()(safe)

MOST_HOURS = 14 * 24


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that enrols devices of one person."""

    person_id: str
    link: str
    expires_at: datetime


@devices_app.command()
def invite(
    people: Annotated[list[str], typer.Argument(help="Ids of people of the source.")],
    data: SourceOption,
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=MOST_HOURS, help="How long the links work.")
    ] = ENROL_HOURS,
    *,
    last_good: LastGoodOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Print personal links that enrol devices with the app; sends nothing."""
    settings = load_settings()
    sources = build_sources(settings, SystemClock())
    links = build_link_key(settings)
    links.require_address()
    version = open_version(sources, data, uses_last_good=last_good)
    if unknown := find_unknown_people(version, people):
        raise InputError(f"the source has nobody with the id {unknown[0]!r}")
    if not links.base_url.startswith("https://"):
        print_notice("ROLLCALL_PUBLIC_URL is not https: browsers install no app from there")
    made = [_invite(links, one, timedelta(hours=hours)) for one in dict.fromkeys(people)]
    _print_invitations(made, output)


@devices_app.command()
def devices(output: FormatOption = Format.TEXT) -> None:
    """List the devices that are enrolled, by person."""
    with opened_ledger() as ledger:
        enrolled = list_devices(ledger)
    if output is Format.JSON:
        print_json([_to_json(one) for one in enrolled])
        return
    table = new_table("person", "device", "enrolled", "last contact", "notified", "location")
    for one in enrolled:
        moments = (show_instant(one.enrolled_at), show_instant(one.last_contact_at))
        notified = "yes" if one.has_push else "no"
        cells = (one.person_id, one.device_id, *moments, notified, one.location_consent)
        table.add_row(*map(make_cell, cells))
    console.print(table if enrolled else "no device is enrolled")


@devices_app.command()
def revoke(
    person: Annotated[str, typer.Argument(help="Id of the person.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """End all devices of a person, and links that were given out before; for a lost telephone."""
    with opened_ledger() as ledger:
        count = revoke_devices(ledger, person, SystemClock().now())
        active = find_emergency(ledger, person)
    if output is Format.JSON:
        since = format_instant(active.started_at) if active else None
        print_json({"person_id": person, "revoked": count, "emergency_since": since})
        return
    told = f"{person}: {count} devices revoked; links given out before enrol none any more"
    console.print(told, markup=False, soft_wrap=True)
    if active:
        told = (
            f"{person} has had an emergency since {show_instant(active.started_at)}: it stays open "
            f"until somebody who knows that they are safe says `rollcall app safe {person}`"
        )
        console.print(told, markup=False, soft_wrap=True)


def _invite(links: LinkKey, person_id: str, valid_for: timedelta) -> Invitation:
    granted = grant_enrolment(person_id, SystemClock().now(), valid_for)
    link = f"{links.base_url}/app/join/{write_enrol_token(links.key, granted)}"
    return Invitation(person_id, link, granted.expires_at)


def _print_invitations(made: list[Invitation], output: Format) -> None:
    if output is Format.JSON:
        told = [
            {"person_id": one.person_id, "link": one.link, "expires_at": _to_second(one)}
            for one in made
        ]
        print_json(told)
        return
    for one in made:
        # not as a table: a link that is broken over lines cannot be copied
        typer.echo(f"{one.person_id}  until {_to_second(one)}\n{one.link}")


def _to_second(one: Invitation) -> str:
    return format_instant(one.expires_at.replace(microsecond=0))


def _to_json(one: Device) -> dict[str, Any]:
    return {
        "person_id": one.person_id,
        "device_id": one.device_id,
        "enrolled_at": format_instant(one.enrolled_at),
        "last_contact_at": format_instant(one.last_contact_at),
        "notified": one.has_push,
        "location_consent": one.location_consent,
    }
