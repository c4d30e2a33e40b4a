"""What `rollcall select --explain` works out: the preview, its costs, and the last time."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rollcall.cli.output import print_notice
from rollcall.domain.comparison import AudienceChange, compare_audiences
from rollcall.domain.message import MessageRequest
from rollcall.domain.preview.preview import Preview
from rollcall.domain.preview.sms_costs import RoutePrice
from rollcall.domain.saved_filters import collect_names, find_whole
from rollcall.domain.selecting import SavedFilters
from rollcall.domain.selection import Selection
from rollcall.domain.template_variables import MessageVariables
from rollcall.errors import ConfigError, LedgerError
from rollcall.ledger.audiences import find_previous_audience
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.routes.config import load_routes
from rollcall.sending.accepting import tell_left_away
from rollcall.sending.previewing import (
    add_sms_estimate,
    add_text_counts,
    find_opted_out,
    list_sms_prices,
    preview_selection,
)
from rollcall.settings import Settings, load_secrets, load_settings
from rollcall.sources.snapshot import Snapshot
from rollcall.wiring import build_previews, load_layout, opened_ledger

ExplainOption = Annotated[
    bool,
    typer.Option(
        "--explain",
        help="Add numbers, evidence, near misses and a digest that `send --expect` insists on.",
    ),
]
PreviewedMessageOption = Annotated[
    Path | None,
    typer.Option(
        "--message", help="With --explain: count the SMS of this message, and their cost."
    ),
]
PreviewedTemplateOption = Annotated[
    str | None,
    typer.Option("--template", help="Take the selection and options of this template."),
]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A preview beside the audience of the last time.

    Attributes:
        preview: The preview.
        change: Since the last message from the same template or to the same dynamic filter; None
            where there is none.
    """

    preview: Preview
    change: AudienceChange | None = None

    def compared_with_last_time(self, selection: Selection, template: str | None) -> "Explanation":
        """Return the same beside whom the last message meant that was made with the same.

        Args:
            selection: What was previewed; one dynamic filter by itself counts.
            template: The template it is of, which counts first.

        Raises:
            LedgerError: The ledger does not answer, or belongs to another version.
        """
        whole = find_whole(selection)
        if template is None and whole is None:
            return self
        with opened_ledger() as ledger:
            before = find_previous_audience(ledger, template=template, saved_filter=whole)
        if before is None:
            return self
        return replace(self, change=compare_audiences(before, self.preview.audience.recipients))

    def to_json(self) -> dict[str, Any]:
        """Return the keys that `--explain` adds to the answer."""
        compared = self.change.to_json() if self.change else None
        explain = self.preview.to_json() | {"compared": compared}
        return {"digest": self.preview.digest, "explain": explain}


def load_named_filters(selection: Selection) -> SavedFilters:
    """Return the dynamic filters; the ledger is opened only for a selection that names one.

    Raises:
        LedgerError: The ledger does not answer, or belongs to another version.
    """
    if not collect_names(selection):
        return {}
    with opened_ledger() as ledger:
        return load_saved_filters(ledger)


def explain_selection(
    selection: Selection,
    snapshot: Snapshot,
    moment: datetime,
    saved_filters: SavedFilters,
    request: MessageRequest | None,
    *,
    managers_only: bool,
) -> Explanation:
    """Preview a selection and keep on this machine what was shown.

    Raises:
        SelectionError: The selection names what does not exist.
        TemplateError: A text of the message uses what it may not.
    """
    settings = load_settings()
    preview = preview_selection(
        selection, snapshot, moment, managers_only=managers_only, saved_filters=saved_filters
    )
    if request:
        _tell_left_away(settings, request)
        prices = _find_prices(settings, request)
        message = MessageVariables(sent_on=moment.date(), organisation=settings.organisation)
        base_url = settings.public_url.rstrip("/")
        preview = add_sms_estimate(preview, request, load_layout(), message, prices, base_url)
    if request is None or request.options.include_sms:
        preview = add_text_counts(preview, request, _find_opted_out(preview))
    build_previews(settings).remember(preview.digest, preview.audience)
    return Explanation(preview)


def _tell_left_away(settings: Settings, request: MessageRequest) -> None:
    if not request.has_push_beside:
        return
    try:
        routes = load_routes(settings.routes_file, load_secrets())
    except ConfigError as error:
        # a message can be looked at on a machine that cannot send
        print_notice(f"whether the app is notified is not known: {error}")
        return
    serves_push = any(one.channel == "push" for one in routes)
    if told := tell_left_away(request, serves_push=serves_push):
        print_notice(told)


def _find_opted_out(preview: Preview) -> set[str] | None:
    try:
        with opened_ledger() as ledger:
            return find_opted_out(ledger, preview)
    except LedgerError as error:
        # a selection can be looked at on a machine that cannot send
        print_notice(f"who opted out of SMS is not known: {error}")
        return None


def _find_prices(settings: Settings, request: MessageRequest) -> list[RoutePrice]:
    if not request.options.include_sms:
        return []
    try:
        return list_sms_prices(load_routes(settings.routes_file, load_secrets()), request)
    except ConfigError as error:
        # segments can be counted on a machine that cannot send
        print_notice(f"the cost is not known: {error}")
        return []
