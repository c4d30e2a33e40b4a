"""`rollcall audience`: whom a message meant and why, frozen when it was selected, and verified."""

from typing import Annotated, Any

import typer

from rollcall.cli.output import (
    Format,
    FormatOption,
    console,
    make_cell,
    new_table,
    print_json,
    print_notice,
)
from rollcall.clock import format_instant
from rollcall.domain.audience import digest_preview
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import Selection
from rollcall.errors import LedgerError
from rollcall.ledger.audiences import FrozenAudience, read_frozen_audience
from rollcall.ledger.message_origins import load_message_filters
from rollcall.sending.comparing import Comparison, compare_with_earlier
from rollcall.wiring import opened_ledger


def audience(
    message: Annotated[str, typer.Argument(help="Id of a message, as `rollcall log` shows it.")],
    output: FormatOption = Format.TEXT,
) -> None:
    """Show whom a message meant, why, and from which data; verify that none of it was changed.

    Exits with 1 when the audience is not the one that was frozen.
    """
    with opened_ledger() as ledger:
        frozen = read_frozen_audience(ledger, message)
        filters = load_message_filters(ledger, message)
        comparison = compare_with_earlier(ledger, message)
    if output is Format.JSON:
        print_json(_to_json(frozen, filters, comparison))
    else:
        _print_audience(frozen, filters, comparison)
    if frozen.is_reduced:
        print_notice(_tell_reduced(frozen))
    elif not frozen.is_intact:
        raise LedgerError(
            f"the audience of {message} is not the one that was frozen: people in it were changed, "
            "added or removed in the ledger since"
        )


def _to_json(
    frozen: FrozenAudience, filters: dict[str, Selection], comparison: Comparison | None
) -> dict[str, Any]:
    message, removed_at = frozen.message, frozen.message.erased_at
    return {
        "message_id": message.message_id,
        "as_of": format_instant(message.as_of),
        "accepted_at": format_instant(message.accepted_at),
        "source": message.source,
        "source_version": message.source_version,
        "template": message.template_name,
        "selection": message.request.get("selection"),
        "follow_up": message.request.get("follow_up"),
        "saved_filters": {name: selection_to_json(one) for name, one in filters.items()},
        "audience_digest": message.audience_digest,
        "computed_digest": frozen.digest,
        "is_intact": frozen.is_intact,
        "removed_at": format_instant(removed_at) if removed_at else None,
        "erased_count": frozen.erased_count,
        "preview_digest": digest_preview(frozen.recipients),
        "compared": _comparison_to_json(comparison) if comparison else None,
        "people": [one.to_json() for one in frozen.recipients],
        "counts": {"people": len(frozen.recipients)},
    }


def _tell_reduced(frozen: FrozenAudience) -> str:
    if frozen.message.erased_at is not None:
        told = format_instant(frozen.message.erased_at.replace(microsecond=0))
        return f"names, addresses and positions were removed by retention at {told}"
    return f"{frozen.erased_count} of these people were erased: the digest proves nothing any more"


def _comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    return {"message_id": comparison.earlier.message_id} | comparison.change.to_json()


def _print_audience(
    frozen: FrozenAudience, filters: dict[str, Selection], comparison: Comparison | None
) -> None:
    message = frozen.message
    table = new_table("id", "name", "where", "known from", "email", "phone", "why")
    for one in frozen.recipients:
        why = ", ".join(" ".join(map(str, reason.values())) for reason in one.via)
        cells = (one.person_id, one.name, one.position.country, one.position.source)
        table.add_row(*map(make_cell, (*cells, one.email, one.phone, why)))
    console.print(table)
    _print_fact("people", str(len(frozen.recipients)))
    _print_fact("as of", f"{format_instant(message.as_of)}, data version {message.source_version}")
    _print_fact("source", message.source)
    _print_fact("template", message.template_name)
    _print_fact("dynamic filters", ", ".join(filters))
    _print_fact("digest", f"{frozen.digest}{', verified' if frozen.is_intact else ''}")
    _print_fact("preview digest", digest_preview(frozen.recipients))
    if comparison:
        console.print(comparison.tell(), markup=False, soft_wrap=True)


def _print_fact(label: str, fact: str | None) -> None:
    if fact:
        console.print(f"{label:<15}{fact}", markup=False, soft_wrap=True)
