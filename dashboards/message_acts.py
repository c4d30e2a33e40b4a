"""What can be done with a message that was sent: stop it, correct it, send it again, keep it.

Each is asked for in a panel of its own and done by the desk in a callback. The panel's key is in
the address: four clicks, a page that is loaded anew and a server that is started anew are one act.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Final, Literal

import streamlit as st

from dashboards.panels import confirm, insists, key_of_panel, show_leave, show_panels
from dashboards.queries.messages import list_followers
from dashboards.session import house
from dashboards.texts import literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.domain.message import FollowUp, MessageRequest
from rollcall.domain.message_templates import settings_of, template_kind_of
from rollcall.ledger.follow_ups import count_followed
from rollcall.ledger.log import StatusCounts
from rollcall.ledger.messages import MessageRecord, load_message

Panel = Literal["stop", "retry", "correct", "keep"]

_LABELS: Final[dict[Panel, str]] = {
    "stop": "Stop…",
    "correct": "Correct…",
    "retry": "Send again to those not reached…",
    "keep": "Save as template…",
}

_HAVE_IT: Final = ("accepted", "at_carrier", "delivered", "unconfirmed")


def show_acts(message: MessageRecord, counts: StatusCounts, actor: Actor) -> None:
    """Show what somebody may do with a message; nothing to whom only looks."""
    if not actor.may("sender"):
        return
    labels = {panel: _LABELS[panel] for panel in _possible(message, counts)}
    show_panels(labels, lambda panel: _PANELS[panel](message))


def _possible(message: MessageRecord, counts: StatusCounts) -> list[Panel]:
    is_open = message.state in ("accepted", "sending")
    waits = any(by_status.get("waiting") for by_status in counts.values())
    has_audience = message.audience_digest is not None and message.erased_at is None
    is_ours = message.kind in ("one_way", "chat_invite") and message.erased_at is None
    found: dict[Panel, bool] = {
        "stop": is_open or (message.state == "sent" and waits),
        "correct": has_audience
        and any(by_status.get(one) for by_status in counts.values() for one in _HAVE_IT),
        "retry": has_audience and not is_open,
        "keep": is_ours and message.follows_message_id is None,
    }
    return [panel for panel, is_possible in found.items() if is_possible]


def _show_stop(message: MessageRecord) -> None:
    st.markdown(
        "What was not handed over yet is held back. What is out cannot be called back: "
        "send a correction."
    )
    confirm("Stop it now", partial(_stop, message.message_id))


def _show_retry(message: MessageRecord) -> None:
    _show_earlier(message, "not_reached")
    follow_up = FollowUp(message_id=message.message_id, who="not_reached")
    count = count_followed(house().ledger, follow_up)
    if not count:
        st.markdown("Some route took it over for everybody: there is nobody to send it to again.")
        show_leave()
        return
    people = tell_count(count, "person", "people")
    st.markdown(
        f"**Of {people} it is not known that any route took it over**, by whatever channel: it "
        "goes to exactly them again, as it was. Who has it by one channel gets nothing by another."
    )
    go = partial(_retry, message.message_id, _key())
    confirm(f"Send again to {people}", go, may_insist=True)


def _show_correct(message: MessageRecord) -> None:
    _show_earlier(message, "reached")
    if message.state in ("accepted", "sending"):
        st.warning(
            "It is still being sent: whom it reaches from now on gets no correction. Stop it."
        )
    st.markdown("It goes to exactly those who have or may have a copy.")
    st.text_input("Subject", key="correct_subject", max_chars=200, persist_state="session")
    st.text_area("Text", key="correct_text", max_chars=10_000, persist_state="session")
    confirm("Send the correction", partial(_correct, message.message_id, _key()), may_insist=True)


def _show_keep(message: MessageRecord) -> None:
    kind = template_kind_of(message.kind)
    st.text_input("Name of the template", key="keep_name", max_chars=100)
    st.markdown(
        "Everything is kept but when it expires."
        if kind == "one_way"
        else "The chat is kept as it was opened."
    )
    confirm("Save", partial(_keep, message.message_id))


_PANELS: Final[dict[Panel, Callable[[MessageRecord], None]]] = {
    "stop": _show_stop,
    "retry": _show_retry,
    "correct": _show_correct,
    "keep": _show_keep,
}


def _show_earlier(message: MessageRecord, who: str) -> None:
    """Say that this was done before: whoever does not know would do it twice."""
    earlier = [
        one
        for one in list_followers(house().ledger, message.message_id)
        if one.request.get("follow_up", {}).get("who") == who and one.state != "refused"
    ]
    if earlier:
        times = tell_count(len(earlier), "time")
        st.warning(f"This was done {times} already, the last as {literal(earlier[-1].message_id)}.")


def _key() -> str:
    return f"desk:{key_of_panel()}"


def _stop(message_id: str, actor: Actor) -> str:
    report = house().desk.stop(actor, message_id)
    house().figures.details.forget(message_id)
    return report.tell()


def _retry(message_id: str, key: str, actor: Actor) -> str:
    record, is_new = house().desk.retry(actor, message_id, key, is_confirmed=insists())
    return _follow(record, is_new)


def _correct(message_id: str, key: str, actor: Actor) -> str:
    content = {
        "subject": st.session_state.get("correct_subject") or "",
        "text": st.session_state.get("correct_text") or "",
    }
    record, is_new = house().desk.correct(
        actor, message_id, key, json.dumps({"content": content}), is_confirmed=insists()
    )
    return _follow(record, is_new)


def _keep(message_id: str, actor: Actor) -> str:
    message = load_message(house().ledger, message_id)
    settings = settings_of(MessageRequest.model_validate(message.request))
    kind = template_kind_of(message.kind)
    name = st.session_state.get("keep_name") or ""
    saved = house().keeping.save_template(actor, kind, name, settings)
    return f"saved as template {saved.name!r}"


def _follow(record: MessageRecord, is_new: bool) -> str:
    """Go on with the message that follows: it is what one wants to watch now."""
    st.query_params["message"] = record.message_id
    return f"message {record.message_id} is {'accepted' if is_new else 'known already'}"
