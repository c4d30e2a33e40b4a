"""How `rollcall select --explain` is printed for people; programs get all of it as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from rollcall.cli.explaining import Explanation
from rollcall.cli.output import console, make_cell, new_table
from rollcall.clock import format_instant
from rollcall.domain.preview.near_misses import NearMiss, NearMissKind
from rollcall.domain.preview.preview import ExplainedPerson, Preview
from rollcall.domain.preview.sms_costs import SmsEstimate
from rollcall.domain.preview.telling import NEAR_MISS_TITLES, tell_reasons
from rollcall.domain.preview.texts import TextCounts

SHOWN_COUNT = 20
"""Of each long list; programs get all."""


def print_explanation(explained: Explanation) -> None:
    """Print numbers, evidence, near misses, costs and digest."""
    preview = explained.preview
    _print_evidence(preview)
    _print_near_misses(preview.near_misses)
    _print_summary(preview)
    if preview.texts:
        _print_texts(preview.texts)
    if preview.sms:
        _print_sms(preview.sms)
    if explained.change:
        _say(f"compared with the last message to this dynamic filter: {explained.change.tell()}")
    _say(f"digest {preview.digest} (rollcall send --expect insists on it)")


def _say(told: str) -> None:
    console.print(make_cell(told), soft_wrap=True)


def _print_evidence(preview: Preview) -> None:
    if not preview.people:
        return
    table = new_table("id", "name", "accuracy", "age", "evidence", title="\nWhy")
    names = {one.person_id: one.name for one in preview.audience.recipients}
    for one in preview.people[:SHOWN_COUNT]:
        told = "; ".join(tell_reasons(one.via))
        cells = (one.person_id, names[one.person_id], _tell_accuracy(one), _tell_age(one))
        table.add_row(*map(make_cell, (*cells, told)))
    console.print(table)
    _print_left_out(len(preview.people))


def _tell_accuracy(one: ExplainedPerson) -> str | None:
    return None if one.accuracy_m is None else f"{one.accuracy_m:.0f} m"


def _tell_age(one: ExplainedPerson) -> str | None:
    return None if one.age_h is None else f"{one.age_h:.1f} h"


def _print_near_misses(near_misses: Mapping[NearMissKind, list[NearMiss]]) -> None:
    for kind, near in near_misses.items():
        if not near:
            continue
        table = new_table(
            "id", "name", "criterion", "why", title=f"\n{len(near)} {NEAR_MISS_TITLES[kind]}"
        )
        for one in near[:SHOWN_COUNT]:
            table.add_row(
                *map(make_cell, (one["person_id"], one["name"], one["where"], one["told"]))
            )
        console.print(table)
        _print_left_out(len(near))


def _print_left_out(count: int) -> None:
    if count > SHOWN_COUNT:
        console.print(f"… and {count - SHOWN_COUNT} more (--format json prints all)")


def _print_summary(preview: Preview) -> None:
    summary = preview.summary
    table = new_table("", "", title=f"\nIn numbers, as of {format_instant(preview.audience.as_of)}")
    only = {way: len(ids) for way, ids in summary.only_way_ids.items()}
    rows = {
        "people": str(summary.reach.people_count),
        "where": _tell_counts(summary.reach.by_country),
        "known from": _tell_counts(summary.by_position_source),
        "reachable by": _tell_counts(summary.reach.by_way),
        "only by": _tell_counts(only),
        "not reachable": _tell_ids(summary.no_way_ids),
        "whereabouts unknown": _tell_ids(summary.unknown_whereabouts_ids),
        "facilities": _tell_ids(summary.facility_ids),
        "facilities for nobody": _tell_ids(summary.silent_facility_ids),
    }
    for name, told in rows.items():
        table.add_row(make_cell(name), make_cell(told))
    console.print(table)


def _tell_counts(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _tell_ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN_COUNT} more" if len(ids) > SHOWN_COUNT else ""
    return f"{len(ids)}: {', '.join(ids[:SHOWN_COUNT])}{more}" if ids else "0"


def _print_texts(texts: TextCounts) -> None:
    if texts.opted_out_count:
        what = "texted all the same" if texts.overrides_opt_outs else "not texted"
        why = "life safety" if texts.overrides_opt_outs else "only messages with life_safety are"
        _say(f"{texts.opted_out_count} people opted out of SMS (STOP): {what} ({why})")
    if texts.sharing_count:
        _say(f"{texts.sharing_count} people share a number: one SMS to each number")
    if texts.sms_count is not None and texts.sms_count < texts.people_count:
        _say(f"{texts.sms_count} SMS to {texts.people_count} people with a number")


def _print_sms(sms: SmsEstimate) -> None:
    told = [f"{sms.segment_count} SMS segments to {sms.people_count} people"]
    for price in sms.prices:
        cost = sms.cost(price)
        told.append(f"{price.route_id}: {'price unknown' if cost is None else f'{cost:f}'}")
    if sms.unwritable_ids:
        told.append(f"cannot be written for {_tell_ids(sms.unwritable_ids)}")
    _say("; ".join(told))
