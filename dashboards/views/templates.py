"""Templates: the settings of messages and of chats under names, kept apart; edit, use, delete."""

import json
import uuid
from dataclasses import replace
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboards.draft_buttons import COMPOSER
from dashboards.foresight_view import last_use_html, require_source, show_foresight
from dashboards.moments import moment_html
from dashboards.queries.last_uses import find_last_use_of_template
from dashboards.session import act, go_to, house, require_actor
from dashboards.settings_form import read_settings_form, show_settings_form
from dashboards.settings_told import show_settings
from dashboards.texts import as_html, literal
from rollcall.desk.foresight import Foresight, foresee_order
from rollcall.domain.acts import Actor
from rollcall.domain.guards import TYPED_OVER, is_typed
from rollcall.domain.message_templates import (
    KIND_NAMES,
    TemplateKind,
    apply_template,
    describe_settings,
    parse_settings,
)
from rollcall.errors import InputError
from rollcall.ledger.templates import TemplateRecord, list_templates, load_template
from rollcall.sending.accepting import Order

_KINDS: Final[dict[TemplateKind, str]] = {"one_way": "One-way messages", "chat": "Chats"}


def show() -> None:
    """Show one template, if the address names one, else the list of a kind."""
    actor = require_actor()
    st.title("Templates")
    kind = _ask_kind()
    name = st.query_params.get("name")
    if name is None:
        _show_list(kind)
        return
    st.button("Back to all templates", icon=":material/arrow_back:", on_click=_open, args=(None,))
    try:
        template = load_template(house().ledger, kind, name)
    except InputError as error:
        st.error(literal(str(error)))
        return
    _show_one(template, actor)


def _ask_kind() -> TemplateKind:
    asked = st.query_params.get("kind")
    kinds = list(_KINDS)
    chosen: TemplateKind = st.radio(
        "For",
        kinds,
        index=kinds.index("chat") if asked == "chat" else 0,
        format_func=lambda one: _KINDS[one],
        horizontal=True,
        key="templates_kind",
        on_change=_change_kind,
    )
    return chosen


def _show_list(kind: TemplateKind) -> None:
    saved = list_templates(house().ledger, kind)
    if not saved:
        st.markdown(
            f"No templates for {KIND_NAMES[kind]} yet. Write one in Compose and save it there as "
            "template, or save what was sent: Live progress, Save as template."
        )
    for one in saved:
        with st.container(border=True):
            name, told = st.columns([2, 3], vertical_alignment="center")
            name.button(
                literal(one.name),
                key=f"template_{one.template_id}",
                type="tertiary",
                icon=":material/chevron_right:",
                on_click=_open,
                args=(one.name,),
            )
            last = find_last_use_of_template(house().ledger, one.template_id)
            told.html(
                f"{as_html(one.settings.content.subject)}<br>"
                f"changed {moment_html(one.updated_at)}; last used: {last_use_html(last)}"
            )


def _show_one(template: TemplateRecord, actor: Actor) -> None:
    st.header(literal(template.name))
    if not actor.may("sender"):
        show_settings(template.settings)
        return
    told = describe_settings(template.kind, template.settings)
    use, edit, rename = st.tabs(["Use", "Edit", "Rename or delete"])
    with use:
        _show_use(template)
    with edit:
        key = f"edit_{template.template_id}"
        show_settings_form(template.kind, told, key)
        st.button("Save", key="template_save", type="primary", on_click=_save, args=(template, key))
    with rename:
        _show_rename(template)


def _show_use(template: TemplateRecord) -> None:
    """Show what it says and whom it means now, and let it be sent to exactly those."""
    show_settings(template.settings)
    last = find_last_use_of_template(house().ledger, template.template_id)
    st.html(f"Last used: {last_use_html(last)}")
    with st.container(horizontal=True):
        st.button("Whom does it mean now?", key="template_look", on_click=_look, args=(template,))
        begin = partial(_begin, template, uuid.uuid4().hex)
        st.button("Change it for this once…", key="template_begin", on_click=begin)
    kept = st.session_state.get("template_foresight")
    if kept is None or kept["of"] != (template.template_id, template.updated_at):
        return
    foresight: Foresight = kept["is"]
    show_foresight(foresight, last)
    count = foresight.people_count
    typed = ""
    if count > TYPED_OVER:
        typed = st.text_input(f"Type {count} to confirm", key="template_typed") or ""
    st.checkbox("Also if the same was sent to the same people just now", key="template_insist")
    st.button(
        f"Send to {count:,} people now",
        key="template_send",
        type="primary",
        disabled=not is_typed(typed, count),
        on_click=_send,
        args=(template, foresight),
    )


def _show_rename(template: TemplateRecord) -> None:
    st.text_input("New name", value=template.name, max_chars=100, key="template_new_name")
    st.button("Rename", key="template_rename", on_click=_rename, args=(template,))
    st.checkbox("Delete it; messages made from it stay as they are", key="template_sure")
    is_sure = bool(st.session_state.get("template_sure"))
    delete = partial(_delete, template)
    st.button("Delete", key="template_delete", disabled=not is_sure, on_click=delete)


def _look(template: TemplateRecord) -> None:
    def look(actor: Actor) -> None:
        house().acting.require(actor, "sender")
        last = find_last_use_of_template(house().ledger, template.template_id)
        order = _order(template)
        seen = foresee_order(house().desk.steps, order, last.message_id if last else None)
        of = (template.template_id, template.updated_at)
        st.session_state["template_foresight"] = {"of": of, "is": seen}
        st.query_params["key"] = uuid.uuid4().hex

    act(look)


def _begin(template: TemplateRecord, draft_id: str) -> None:
    """Begin a draft from it; the template stays as it is."""

    def begin(actor: Actor) -> None:
        house().drafting.open_from(actor, template, draft_id)

    if act(begin):
        go_to(COMPOSER, draft=draft_id)


def _send(template: TemplateRecord, seen: Foresight) -> None:
    key = st.query_params.get("key", "")
    is_confirmed = bool(st.session_state.get("template_insist"))

    def send(actor: Actor) -> str:
        order = _order(template)
        update: dict[str, Any] = {"expected_audience": seen.digest, "confirmed": is_confirmed}
        request = order.request.model_copy(update=update)
        keyed = replace(order, request=request, key=f"desk:{key}" if key else None)
        record, is_new = house().desk.send(actor, keyed, shown_count=seen.people_count)
        go_to("views/progress.py", message=record.message_id)
        return f"message {record.message_id} is {'accepted' if is_new else 'known already'}"

    act(send)


def _order(template: TemplateRecord) -> Order:
    request = apply_template(template.settings, None, template.kind)
    return Order(request, require_source(), template=template.name)


def _save(template: TemplateRecord, key: str) -> None:
    def save(actor: Actor) -> str:
        told = describe_settings(template.kind, template.settings)
        changed = read_settings_form(template.kind, told, key)
        settings = parse_settings(json.dumps(changed), template.kind)
        house().keeping.change_template(actor, template, settings)
        return f"{template.name!r} is saved"

    act(save)


def _rename(template: TemplateRecord) -> None:
    new_name = st.session_state.get("template_new_name") or ""

    def rename(actor: Actor) -> str:
        kept = house().keeping
        unchecked = kept.rename_template(actor, template.kind, template.name, new_name)
        st.query_params["name"] = new_name.strip()
        return _tell(f"{template.name!r} is called {new_name.strip()!r} now", unchecked)

    act(rename)


def _delete(template: TemplateRecord) -> None:
    def delete(actor: Actor) -> str:
        unchecked = house().keeping.delete_template(actor, template.kind, template.name)
        _open(None)
        return _tell(f"{template.name!r} is deleted", unchecked)

    act(delete)


def _tell(done: str, unchecked: str | None) -> str:
    return f"{done}; {unchecked}" if unchecked else done


def _open(name: str | None) -> None:
    st.session_state.pop("template_foresight", None)
    st.session_state.pop("template_sure", None)
    if name is None:
        st.query_params.pop("name", None)
    else:
        st.query_params["name"] = name
        st.query_params["kind"] = st.session_state.get("templates_kind", "one_way")


def _change_kind() -> None:
    _open(None)
    st.query_params["kind"] = st.session_state["templates_kind"]


if __name__ == "__main__":
    show()
