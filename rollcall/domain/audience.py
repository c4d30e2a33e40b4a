"""The recipients that a selection gave at one moment, each with the reasons."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from rollcall.clock import format_instant
from rollcall.domain.line_digest import LineDigest

PositionSource = Literal["report", "booking", "workplace", "none"]

Reason = dict[str, str | int]
"""Why somebody is in an audience (the contract's `via`), e.g. `{"by": "filter", "index": 0}`."""

_SPLITS_ADDRESSES: Final = re.compile(r"[\s<>,;]")

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a person is, and the evidence for it (contract §2); coordinates in WGS 84 degrees."""

    source: PositionSource
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the contract's `position` object."""
        return {
            "country": self.country,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "source": self.source,
            "at": format_instant(self.at) if self.at else None,
        }


def looks_deliverable(email: str) -> bool:
    """Tell whether an address fits into an SMTP command at all; the mail server knows the rest."""
    local, _, domain = email.rpartition("@")
    is_one_word = not _SPLITS_ADDRESSES.search(email)
    return bool(local and domain) and is_one_word and email.isprintable()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person who is meant; frozen when the audience is."""

    person_id: str
    name: str
    email: str | None
    phone: str | None
    language: str | None
    home_country: str | None
    position: Position
    via: tuple[Reason, ...]

    @property
    def is_reachable(self) -> bool:
        """Tell whether any channel could reach this person."""
        return bool(self.phone) or (self.email is not None and looks_deliverable(self.email))

    @property
    def unreachable_reason(self) -> str:
        """Say what somebody who is not reachable lacks."""
        return "no valid email, no phone" if self.email else "no email, no phone"

    def to_json(self) -> dict[str, Any]:
        """Return the contract's person object."""
        return {
            "person_id": self.person_id,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "language": self.language,
            "position": self.position.to_json(),
            "via": list(self.via),
        }


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody a selection meant at `as_of`.

    Attributes:
        as_of: The moment the selection was evaluated for.
        recipients: Sorted by `person_id`; people who cannot be reached included. Perhaps
            `rollcall.domain.recipient_rows`: then each look makes them anew.
        facility_ids: The facilities matched, sorted.
        silent_facility_ids: Matched facilities that stand for nobody (no contact, or no manager).
    """

    as_of: datetime
    recipients: Sequence[Recipient]
    facility_ids: tuple[str, ...]
    silent_facility_ids: tuple[str, ...] = field(default=())

    @property
    def reachable(self) -> tuple[Recipient, ...]:
        """Return those whom at least one channel could reach."""
        return tuple(one for one in self.recipients if one.is_reachable)

    @property
    def unreachable(self) -> tuple[Recipient, ...]:
        """Return those without any address that could be used."""
        return tuple(one for one in self.recipients if not one.is_reachable)


def digest_audience(recipients: Iterable[Recipient]) -> str:
    """Return a SHA-256 over everything that is frozen and shown of them, in any order.

    It tells whether a frozen audience is as it was. Two evaluations seldom share it: it covers
    positions, which are reported anew all the time.
    """
    return _digest_lines(write_canonically(one.to_json()) for one in recipients)


def digest_preview(recipients: Iterable[Recipient]) -> str:
    """Return a SHA-256 over who is meant, under which addresses, and why, in any order.

    A preview prints it and a send can insist on it. Names, languages and positions are not in it:
    somebody who moves on within the area is the same recipient for the same reasons.
    """
    return _digest_lines(line for _, line in iterate_members(recipients))


def iterate_members(recipients: Iterable[Recipient]) -> Iterator[tuple[str, str]]:
    """Yield everybody's `person_id` and what the digest of a preview says of them."""
    for one in recipients:
        told = [one.person_id, one.email, one.phone, list(one.via)]
        yield one.person_id, write_canonically(told)


def write_canonically(told: Any) -> str:
    """Return the JSON of what digests cover: one line, the same whenever it says the same."""
    return _CANONICAL.encode(told)


def _digest_lines(lines: Iterable[str]) -> str:
    digest = LineDigest()
    digest.add(lines)
    return digest.hexdigest()
