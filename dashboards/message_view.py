"""One message of the log: what it said, what it came to, and everybody it was for."""

from functools import partial

import streamlit as st

from dashboards.chat_kin import show_chat_link
from dashboards.moments import moment_html, tell_duration
from dashboards.paging import Pages
from dashboards.queries.messages import list_followers, subject_of
from dashboards.queries.recipients import (
    DeliveryRow,
    RecipientQuery,
    RecipientRow,
    TryRow,
    read_recipients,
)
from dashboards.session import house
from dashboards.tables import show_table
from dashboards.texts import as_html, literal
from dashboards.words import (
    CHANNEL_WORDS,
    KIND_WORDS,
    OUTCOME_WORDS,
    RECEIPT_WORDS,
    STATE_WORDS,
    STATUS_WORDS,
)
from rollcall.domain.acts import Actor
from rollcall.errors import InputError
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import MessageRecord, load_message

_PAGE = 25


def show_message(message_id: str, actor: Actor) -> None:
    """Show a message with its recipients; says so where there is none."""
    del actor  # whoever is signed in may look
    try:
        message = load_message(house().ledger, message_id)
    except InputError as error:
        st.error(literal(str(error)))
        return
    st.title(literal(subject_of(message.request)))
    st.page_link(
        "views/progress.py",
        label="Live progress, and what can be done",
        icon=":material/monitoring:",
        query_params={"message": message_id},
    )
    show_chat_link(message)
    _show_facts(message)
    _show_counts(message)
    _show_content(message)
    _show_recipients(message)


def _show_facts(message: MessageRecord) -> None:
    state = STATE_WORDS.get(message.state, message.state)
    facts = [
        ("Message", as_html(message.message_id)),
        ("Kind", KIND_WORDS.get(message.kind, message.kind)),
        ("State", state if not message.reason else f"{state}: {as_html(message.reason)}"),
        ("Accepted", moment_html(message.accepted_at)),
        ("People as known at", moment_html(message.as_of)),
    ]
    if message.closed_at:
        facts.append(("Done", moment_html(message.closed_at)))
    if message.stopped_at:
        facts.append(("Stopped", moment_html(message.stopped_at)))
    if message.template_name:
        facts.append(("Made from template", as_html(message.template_name)))
    if message.follows_message_id:
        who = str(message.request.get("follow_up", {}).get("who", "")).replace("_", " ")
        facts.append(("Follows", f"{as_html(message.follows_message_id)}, to those {as_html(who)}"))
    facts += [
        ("Followed by", f"{as_html(one.message_id)}, {moment_html(one.accepted_at)}")
        for one in list_followers(house().ledger, message.message_id)
    ]
    if message.erased_at:
        facts.append(("Names, addresses and texts", f"removed {moment_html(message.erased_at)}"))
    show_table(("What", "Fact"), facts)


def _show_counts(message: MessageRecord) -> None:
    counts = count_statuses(house().ledger, message.message_id)
    if not counts:
        st.markdown("Nothing of it was recorded to be sent.")
        return
    seen = [one for one in STATUS_WORDS if any(counts[channel].get(one) for channel in counts)]
    columns = ("By", *(STATUS_WORDS[one] for one in seen))
    rows = [
        (CHANNEL_WORDS.get(channel, channel), *(f"{by_status.get(one, 0):,}" for one in seen))
        for channel, by_status in counts.items()
    ]
    show_table(columns, rows, caption="Deliveries", numbers=columns[1:])


def _show_content(message: MessageRecord) -> None:
    content = message.request.get("content", {})
    with st.expander("What it said"):
        for language, told in [(content.get("language"), content), *_translations(content)]:
            if language:
                st.markdown(f"**{literal(str(language))}**")
            for part in ("subject", "text", "sms"):
                if told.get(part):
                    st.text(str(told[part]))


def _translations(content: dict[str, object]) -> list[tuple[str, dict[str, object]]]:
    found = content.get("translations")
    return list(found.items()) if isinstance(found, dict) else []


def _show_recipients(message: MessageRecord) -> None:
    st.header("Recipients")
    asked = _ask(message.message_id)
    pages: Pages[RecipientRow] = Pages("recipients", asked, _PAGE)
    found = pages.read(partial(read_recipients, house().ledger, asked))
    if not found:
        st.markdown(
            "Nobody is like that." if asked != RecipientQuery(asked.message_id) else "Nobody."
        )
        return
    show_table(("Name", "Where", "What came of it"), (_row(one) for one in found))
    pages.show(lambda one: one.person_id, "recipients")
    _show_export(message.message_id)


def _show_export(message_id: str) -> None:
    address = as_html(f"/export/{message_id}.csv")
    link = f'<a href="{address}" download>CSV</a>'
    st.html(f"Download all recipients: {link}. It is personal data.")


def _ask(message_id: str) -> RecipientQuery:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search", key="people_text", placeholder="name, id, number or address")
        channel = _choose_one("Channel", CHANNEL_WORDS, "people_channel")
        status = _choose_one("Came to", STATUS_WORDS, "people_status")
    return RecipientQuery(message_id, text or "", channel, status)


def _choose_one(label: str, words: dict[str, str], key: str) -> str | None:
    chosen: str | None = st.selectbox(
        label,
        list(words),
        index=None,
        key=key,
        format_func=lambda one: words[one],
        placeholder="any",
    )
    return chosen


def _row(one: RecipientRow) -> tuple[str, str, str]:
    country = as_html(one.position.get("country"))
    source = as_html(one.position.get("source"))
    who = f"{as_html(one.name)}<br><small>{as_html(one.person_id)}</small>"
    deliveries = "".join(map(_tell_delivery, one.deliveries))
    return who, f"{country}<br><small>known from: {source}</small>", deliveries or "nothing yet"


def _tell_delivery(one: DeliveryRow) -> str:
    """Tell a delivery in a line, with its tries behind it."""
    channel = CHANNEL_WORDS.get(one.channel, one.channel)
    status = STATUS_WORDS.get(one.status, one.status)
    told = f"<b>{channel}</b>, {as_html(one.address)}: {status}"
    if one.reason and one.status != "accepted":
        told += f" ({as_html(one.reason)})"
    notes = _tell_notes(one)
    if not one.tries and not notes:
        return f"<div>{told}</div>"
    tries = "".join(f"<li>{_tell_try(attempt)}</li>" for attempt in one.tries)
    return f"<details><summary>{told}</summary>{notes}<ol>{tries}</ol></details>"


def _tell_notes(one: DeliveryRow) -> str:
    notes = []
    if one.same_as:
        notes.append(f"one SMS together with {as_html(one.leader_name)}: the same number")
    if one.is_opted_out and one.status != "not_attempted":
        notes.append("asked for no more SMS; sent all the same, as it is a matter of life")
    if one.next_attempt_at:
        notes.append(f"looked at again {moment_html(one.next_attempt_at)}")
    return "".join(f"<div><small>{note}</small></div>" for note in notes)


def _tell_try(one: TryRow) -> str:
    outcome = OUTCOME_WORDS.get(one.outcome or "in_flight", one.outcome or "")
    took = f", after {tell_duration(one.finished_at - one.started_at)}" if one.finished_at else ""
    told = f"{moment_html(one.started_at)} by {as_html(one.route_id)}: {outcome}{took}"
    if one.reason and one.outcome != "accepted":
        told += f"; {as_html(one.reason)}"
    if one.provider_code:
        told += f"; the provider's code: {as_html(one.provider_code)}"
    return f"{told}{_tell_receipt(one)}"


def _tell_receipt(one: TryRow) -> str:
    if one.receipt_state is None:
        return ""
    where = {"handset": " at the telephone", "carrier": " at the network"}
    level = where.get(one.receipt_level or "", "") if one.receipt_state == "delivered" else ""
    code = f" (code {as_html(one.receipt_code)})" if one.receipt_code else ""
    return f"; receipt: {RECEIPT_WORDS.get(one.receipt_state, one.receipt_state)}{level}{code}"
