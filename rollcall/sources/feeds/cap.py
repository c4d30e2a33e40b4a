"""Reader of CAP 1.2: one alert.

OASIS Standard CAP-v1.2 of 1 July 2010, http://docs.oasis-open.org/emergency/cap/v1.2/.
An alert has no place but its areas: one that names them only by codes cannot be put on a map, and
is rejected. Codes (`geocode`) are not looked up.
"""

from datetime import datetime
from xml.etree.ElementTree import Element

from rollcall.sources.feeds.collecting import EntryError, EntryReading, collect_entries
from rollcall.sources.feeds.fields import (
    check_point,
    clean_text,
    read_moment,
    read_number,
    read_url,
    require_id,
    require_title,
)
from rollcall.sources.feeds.incident import (
    SEVERITIES,
    AlertKey,
    FeedEntry,
    FeedReading,
    Incident,
    Severity,
    Withdrawal,
)
from rollcall.sources.feeds.shapes import (
    Corner,
    Outline,
    Place,
    make_circle,
    make_outline,
    place_outlines,
)
from rollcall.sources.feeds.xml_tree import child_text

NS = "{urn:oasis:names:tc:emergency:cap:1.2}"
ROOT = f"{NS}alert"

SEVERITY_BY_WORD: dict[str, Severity] = {
    "Extreme": "extreme",
    "Severe": "severe",
    "Moderate": "moderate",
    "Minor": "minor",
    "Unknown": "moderate",
}
"""CAP 3.2.2 `severity`. Unknown stands in the middle: CAP calls Moderate a "possible threat"."""

ALERTING = ("Alert", "Update")
DEFAULT_LANGUAGE = "en-US"
"""Of a block that names none (CAP 3.2.2 `language`)."""

MAX_CIRCLES = 100
"""Of one alert; most have one or none."""

_REFERENCE_PARTS = 3


def read_cap(alert: Element, feed: str, now: datetime) -> FeedReading:
    """Read a document that is one alert.

    Raises:
        SourceError: The alert is malformed.
    """
    return collect_entries(feed, [alert], name_alert, lambda each: read_alert(each, now))


def name_alert(alert: Element) -> str:
    """Return what an alert is reported by, also where it is malformed."""
    return clean_text(alert.findtext(f"{NS}identifier"), max_chars=80) or "alert"


def read_alert(alert: Element, now: datetime) -> EntryReading:
    """Read an alert: only Actual ones, not expired by `now`, count.

    Raises:
        EntryError: It is malformed, or has neither polygon nor circle.
    """
    status, kind = child_text(alert, f"{NS}status"), child_text(alert, f"{NS}msgType")
    if status != "Actual":
        return EntryReading(left_out=f"its status is {_quote(status)}, and only Actual counts")
    key = AlertKey(
        sender=require_id(alert.findtext(f"{NS}sender"), "sender"),
        identifier=require_id(alert.findtext(f"{NS}identifier"), "identifier"),
    )
    sent_at = read_moment(alert.findtext(f"{NS}sent"), "sent")
    withdrawals = _read_references(alert, key, sent_at)
    if kind == "Cancel":
        return _read_cancel(withdrawals)
    if kind not in ALERTING:
        return EntryReading(left_out=f"its msgType is {_quote(kind)}, which alerts nobody")
    return _read_infos(alert, key, sent_at, now, withdrawals if kind == "Update" else ())


def _read_cancel(withdrawals: tuple[Withdrawal, ...]) -> EntryReading:
    if not withdrawals:
        raise EntryError("it cancels, and its references name no alert")
    return EntryReading(withdrawals=withdrawals, left_out="it cancels an earlier alert")


def _read_references(alert: Element, own: AlertKey, sent_at: datetime) -> tuple[Withdrawal, ...]:
    """Read `sender,identifier,sent` triples; some issuers name the alert itself among them."""
    triples = [each.split(",") for each in (alert.findtext(f"{NS}references") or "").split()]
    keys = [AlertKey(each[0], each[1]) for each in triples if len(each) == _REFERENCE_PARTS]
    return tuple(Withdrawal(key, sent_at) for key in keys if key != own)


def _read_infos(
    alert: Element,
    key: AlertKey,
    sent_at: datetime,
    now: datetime,
    withdrawals: tuple[Withdrawal, ...],
) -> EntryReading:
    """Read what an alert says; its blocks are languages, phases or areas of the same event."""
    expiries = [(info, _read_expiry(info)) for info in alert.findall(f"{NS}info")]
    if not expiries:
        raise EntryError("it has no info")
    holding = [(info, at) for info, at in expiries if _holds(info, at, now)]
    if not holding:
        return EntryReading(
            withdrawals=withdrawals, left_out="it has expired or gives the all-clear"
        )
    infos = [info for info, _ in holding]
    entry = FeedEntry(
        incident=_build_incident(infos, key, sent_at),
        expires_at=_find_last([at for _, at in holding]),
        key=key,
        sent_at=sent_at,
    )
    return EntryReading(entry=entry, withdrawals=withdrawals)


def _read_expiry(info: Element) -> datetime | None:
    text = child_text(info, f"{NS}expires")
    return read_moment(text, "expires") if text else None


def _holds(info: Element, expires_at: datetime | None, now: datetime) -> bool:
    responses = {child.text for child in info.findall(f"{NS}responseType")}
    return "AllClear" not in responses and (expires_at is None or expires_at > now)


def _find_last(expiries: list[datetime | None]) -> datetime | None:
    """Return when the last block expires; None as soon as one never does."""
    known = [at for at in expiries if at is not None]
    return max(known) if len(known) == len(expiries) else None


def _build_incident(infos: list[Element], key: AlertKey, sent_at: datetime) -> Incident:
    told = next((info for info in infos if _is_english(info)), infos[0])
    place = _read_place(infos)
    return Incident(
        incident_id=key.identifier,
        title=require_title(told.findtext(f"{NS}headline"), told.findtext(f"{NS}event")),
        severity=max(map(_read_severity, infos), key=SEVERITIES.index),
        latitude=place.latitude,
        longitude=place.longitude,
        occurred_at=_read_start(told, sent_at),
        url=read_url(told.findtext(f"{NS}web")),
        area=place.area,
    )


def _is_english(info: Element) -> bool:
    language = child_text(info, f"{NS}language") or DEFAULT_LANGUAGE
    return language.casefold().split("-")[0] == "en"


def _read_severity(info: Element) -> Severity:
    word = child_text(info, f"{NS}severity")
    if word not in SEVERITY_BY_WORD:
        raise EntryError(f"its severity is {_quote(word)}")
    return SEVERITY_BY_WORD[word]


def _read_start(info: Element, sent_at: datetime) -> datetime:
    """Read when the event begins, else when the alert takes effect: by default as it is sent."""
    for name in ("onset", "effective"):
        text = child_text(info, f"{NS}{name}")
        if text:
            return read_moment(text, name)
    return sent_at


def _read_place(infos: list[Element]) -> Place:
    areas = [area for info in infos for area in info.findall(f"{NS}area")]
    polygons = [each.text for area in areas for each in area.findall(f"{NS}polygon")]
    rounds = dict.fromkeys(each.text for area in areas for each in area.findall(f"{NS}circle"))
    if len(rounds) > MAX_CIRCLES:
        raise EntryError(f"it has more than {MAX_CIRCLES} circles")
    outlines = [_read_polygon(text) for text in polygons]
    circles = [_read_circle(text) for text in rounds]
    place = place_outlines(outlines + [outline for _, outline in circles])
    if place:
        return place
    if circles:
        (latitude, longitude), _ = circles[0]
        return Place(latitude, longitude)
    raise EntryError("it has neither polygon nor circle, so it cannot be placed")


def _read_polygon(text: str | None) -> Outline:
    """Read `lat,lon lat,lon …`: latitude comes first."""
    return make_outline([_read_corner(pair) for pair in (text or "").split()])


def _read_circle(text: str | None) -> tuple[tuple[float, float], Outline]:
    """Read `lat,lon radius_km`, as the centre (latitude, longitude) and its outline."""
    centre, _, radius = " ".join((text or "").split()).partition(" ")
    longitude, latitude = _read_corner(centre)
    point = check_point(latitude, longitude)
    return point, make_circle(*point, radius_km=read_number(radius, "circle's radius"))


def _read_corner(pair: str) -> Corner:
    """Read `lat,lon` as (longitude, latitude)."""
    latitude, _, longitude = pair.partition(",")
    return read_number(longitude, "longitude"), read_number(latitude, "latitude")


def _quote(word: str | None) -> str:
    return clean_text(word, max_chars=30) or "missing"
