"""`rollcall templates`: the settings of messages under a name, to be used again."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from rollcall.cli.moments import instant_to_json, show_instant
from rollcall.cli.output import (
    Format,
    FormatOption,
    SourceOption,
    console,
    make_cell,
    new_table,
    print_json,
    read_text,
    tell_unchecked,
)
from rollcall.cli.quick_launch import check_order
from rollcall.clock import SystemClock
from rollcall.domain.message import MessageRequest
from rollcall.domain.message_templates import (
    KIND_NAMES,
    MessageSettings,
    TemplateKind,
    apply_template,
    describe_settings,
    export_template,
    parse_export,
    parse_settings,
    settings_of,
    template_kind_of,
)
from rollcall.domain.rendering import compile_content
from rollcall.errors import InputError
from rollcall.ledger.chats import load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import load_message
from rollcall.ledger.templates import (
    TemplateRecord,
    delete_template,
    list_templates,
    load_template,
    rename_template,
    save_template,
)
from rollcall.schedules.in_use import require_unscheduled_template
from rollcall.sending.accepting import Order
from rollcall.settings import load_settings
from rollcall.wiring import build_link_key, load_layout, opened_ledger

templates_app = typer.Typer(
    help="Save the settings of messages under a name, to be used again.", no_args_is_help=True
)


class Kind(StrEnum):
    """What a template is for."""

    ONE_WAY = "one_way"
    CHAT = "chat"

    @property
    def of_template(self) -> TemplateKind:
        """Return the kind as the library names it."""
        return "chat" if self is Kind.CHAT else "one_way"


NameArgument = Annotated[str, typer.Argument(help="Name of a template.")]
KindOption = Annotated[Kind, typer.Option("--kind", help="What the template is for.")]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Change the one there is.")]


@templates_app.command()
def save(
    name: NameArgument,
    message: Annotated[
        str | None, typer.Option("--from", help="Id of a message or chat whose settings to save.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Message as JSON, `-` for standard input.")
    ] = None,
    kind: KindOption = Kind.ONE_WAY,
    *,
    replace: ReplaceOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Save the settings of a message that was sent, or of a file, under a name."""
    if (message is None) == (file is None):
        raise InputError("give either --from MESSAGE or --file FILE")
    with opened_ledger() as ledger:
        if file is not None:
            settings = parse_settings(read_text(file, "message"), kind.of_template)
        else:
            settings = _settings_of_sent(ledger, message or "", kind.of_template)
        _save(ledger, kind, name, settings, output, replace=replace)


@templates_app.command("list")
def list_all(kind: KindOption = Kind.ONE_WAY, output: FormatOption = Format.TEXT) -> None:
    """List the templates of a kind by name."""
    with opened_ledger() as ledger:
        saved = list_templates(ledger, kind.of_template)
    if output is Format.JSON:
        print_json([_to_json(one) for one in saved])
        return
    table = new_table("name", "subject", "changed", "last used")
    for one in saved:
        moments = (show_instant(one.updated_at), show_instant(one.last_used_at))
        table.add_row(*map(make_cell, (one.name, one.settings.content.subject, *moments)))
    console.print(table if saved else f"no templates for {KIND_NAMES[kind.of_template]} yet")


@templates_app.command()
def show(
    name: NameArgument, kind: KindOption = Kind.ONE_WAY, output: FormatOption = Format.TEXT
) -> None:
    """Show the settings of a template."""
    with opened_ledger() as ledger:
        saved = load_template(ledger, kind.of_template, name)
    told = _to_json(saved)
    print_json(told if output is Format.JSON else told["settings"])


@templates_app.command()
def rename(
    name: NameArgument,
    new_name: Annotated[str, typer.Argument(help="What it is to be called.")],
    kind: KindOption = Kind.ONE_WAY,
    output: FormatOption = Format.TEXT,
) -> None:
    """Rename a template."""
    with opened_ledger() as ledger:
        found = load_template(ledger, kind.of_template, name)
        unchecked = require_unscheduled_template(kind.of_template, found.name)
        now = SystemClock().now()
        renamed = rename_template(ledger, kind.of_template, name, new_name, now)
    tell_unchecked(unchecked)
    _answer(renamed, f"{name!r} is called {renamed.name!r} now", output)


@templates_app.command()
def delete(
    name: NameArgument, kind: KindOption = Kind.ONE_WAY, output: FormatOption = Format.TEXT
) -> None:
    """Delete a template; messages made from it stay as they are."""
    with opened_ledger() as ledger:
        found = load_template(ledger, kind.of_template, name)
        unchecked = require_unscheduled_template(kind.of_template, found.name)
        delete_template(ledger, kind.of_template, name)
    tell_unchecked(unchecked)
    if output is Format.JSON:
        print_json({"deleted": name})
    else:
        console.print(f"deleted {name!r}", markup=False)


@templates_app.command()
def check(
    name: NameArgument,
    data: SourceOption,
    kind: KindOption = Kind.ONE_WAY,
    output: FormatOption = Format.TEXT,
) -> None:
    """Say whether a template could be sent this moment by its name alone, and to whom.

    Exits with 0 if it could, 1 if not.
    """
    with opened_ledger() as ledger:
        saved = load_template(ledger, kind.of_template, name)
    request = apply_template(saved.settings, None, saved.kind)
    raise typer.Exit(check_order(Order(request, data, template=saved.name), output))


@templates_app.command()
def export(
    name: NameArgument,
    to_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; default: the output.")
    ] = None,
    kind: KindOption = Kind.ONE_WAY,
    output: FormatOption = Format.TEXT,
) -> None:
    """Export a template as JSON, for another installation to import."""
    with opened_ledger() as ledger:
        saved = load_template(ledger, kind.of_template, name)
    exported = export_template(saved.kind, saved.name, saved.settings)
    if to_file is None:
        print_json(exported)
        return
    _write(to_file, exported)
    _answer(saved, f"exported {saved.name!r} to {to_file}", output)


@templates_app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="Exported template, `-` for standard input.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Another name than the file says.")
    ] = None,
    kind: KindOption = Kind.ONE_WAY,
    *,
    replace: ReplaceOption = False,
    output: FormatOption = Format.TEXT,
) -> None:
    """Import a template that was exported; refuses one of the other kind."""
    exported_name, settings = parse_export(read_text(file, "template"), kind.of_template)
    with opened_ledger() as ledger:
        _save(ledger, kind, name or exported_name, settings, output, replace=replace)


def _settings_of_sent(ledger: Ledger, message_id: str, kind: TemplateKind) -> MessageSettings:
    if kind == "chat" and message_id.startswith("c"):
        message_id = load_chat(ledger, message_id).message_id
    message = load_message(ledger, message_id)
    if message.kind not in ("one_way", "chat_invite") or template_kind_of(message.kind) != kind:
        raise InputError(f"message {message_id} does not belong to {KIND_NAMES[kind]}")
    return settings_of(MessageRequest.model_validate(message.request))


def _save(
    ledger: Ledger,
    kind: Kind,
    name: str,
    settings: MessageSettings,
    output: Format,
    *,
    replace: bool,
) -> None:
    # a text that cannot be rendered is told in a quiet hour, not when the template is needed
    include_sms = settings.options.include_sms
    has_link = settings.chat is not None or settings.options.ok_request
    link = build_link_key(load_settings()).placeholder() if has_link else None
    compile_content(settings.content, load_layout(), include_sms=include_sms, link=link)
    now = SystemClock().now()
    saved = save_template(ledger, kind.of_template, name, settings, now, replace=replace)
    _answer(saved, f"saved {saved.name!r}", output)


def _answer(saved: TemplateRecord, told: str, output: Format) -> None:
    if output is Format.JSON:
        print_json(_to_json(saved))
    else:
        console.print(told, markup=False)


def _to_json(saved: TemplateRecord) -> dict[str, Any]:
    return {
        "kind": saved.kind,
        "name": saved.name,
        "settings": describe_settings(saved.kind, saved.settings),
        "created_at": instant_to_json(saved.created_at),
        "updated_at": instant_to_json(saved.updated_at),
        "last_used_at": instant_to_json(saved.last_used_at),
    }


def _write(path: Path, exported: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(exported, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
