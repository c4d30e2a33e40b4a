"""The devices that notifications go to: read when a try is made, dropped once they are gone."""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

from sqlalchemy import and_, select, update

from rollcall.domain.push import PushSubscription
from rollcall.ledger.app_tables import AppDevice
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list

MOST_DEVICES: Final = 10
"""Devices of one person that are notified, those heard of latest first: nobody carries more."""

_IS_LIVE = and_(
    AppDevice.revoked_at.is_(None),
    AppDevice.push_endpoint.is_not(None),
    AppDevice.push_p256dh.is_not(None),
    AppDevice.push_auth.is_not(None),
)
_FOUND = (
    select(
        AppDevice.person_id,
        AppDevice.device_id,
        AppDevice.push_endpoint,
        AppDevice.push_p256dh,
        AppDevice.push_auth,
    )
    .where(in_list(AppDevice.person_id, "ids"), _IS_LIVE)
    .order_by(AppDevice.person_id, AppDevice.last_contact_at.desc(), AppDevice.device_id)
)


def find_subscriptions(
    ledger: Ledger, person_ids: Collection[str]
) -> dict[str, list[PushSubscription]]:
    """Return where notifications to some people go now, by `person_id`; who has none is missing.

    Revoked devices get none. Of those of one person the `MOST_DEVICES` heard of latest; a device
    that was enrolled twice is notified once.
    """
    found: dict[str, dict[str, PushSubscription]] = defaultdict(dict)
    with ledger.read() as connection:
        for person_id, *told in connection.execute(_FOUND, {"ids": write_list(person_ids)}):
            one = PushSubscription(*told)
            if len(found[person_id]) < MOST_DEVICES:
                found[person_id].setdefault(one.endpoint, one)
    return {person_id: list(theirs.values()) for person_id, theirs in found.items()}


def drop_subscription(ledger: Ledger, device_id: str, endpoint: str) -> bool:
    """Forget a subscription that its push service says is gone; the device stays enrolled.

    Where the device has another one by now, that one stays.

    Returns:
        Whether this call did.
    """
    dropped = (
        update(AppDevice)
        .where(AppDevice.device_id == device_id, AppDevice.push_endpoint == endpoint)
        .values(push_endpoint=None, push_p256dh=None, push_auth=None)
    )
    with ledger.write() as connection:
        return connection.execute(dropped).rowcount > 0


def list_notified(ledger: Ledger) -> set[str]:
    """Return everybody who can be notified now, whether or not the source knows of them."""
    with ledger.read() as connection:
        return set(connection.execute(select(AppDevice.person_id).where(_IS_LIVE)).scalars())


def find_notified(ledger: Ledger, person_ids: Collection[str]) -> set[str]:
    """Return who of some people can be notified now."""
    query = select(AppDevice.person_id).where(in_list(AppDevice.person_id, "ids"), _IS_LIVE)
    with ledger.read() as connection:
        return set(connection.execute(query, {"ids": write_list(person_ids)}).scalars())
