"""A scheduled order as the parameters of a flow run: the form that Prefect's interface shows.

The only place that knows how the forms of `flows/send_message.py` and `flows/open_chat.py` are
written (`rollcall.domain.forms.orders`).
"""

from collections.abc import Mapping
from typing import Any, Final

from rollcall.domain.message_templates import TemplateKind
from rollcall.domain.schedule_orders import ScheduledOrder

FLOWS: Final[dict[TemplateKind, str]] = {"one_way": "send-message", "chat": "open-chat"}
"""Which flow, and which deployment, sends what is of a kind."""

_ORDER: Final = "order"
"""The flows' parameter that takes a form."""


def write_parameters(order: ScheduledOrder) -> dict[str, Any]:
    """Return the parameters of each run; only what is not as if it had not been said."""
    named = {"groups": list(order.groups), "saved_filters": list(order.saved_filters)}
    told: dict[str, Any] = {"template": order.template}
    if recipients := {key: names for key, names in named.items() if names}:
        told["recipients"] = recipients
    if order.source is not None:
        told["source"] = order.source
    if order.is_confirmed:
        told["confirmed"] = True
    return {_ORDER: told}


def read_parameters(kind: TemplateKind, parameters: Mapping[str, Any]) -> ScheduledOrder | None:
    """Return what some parameters order; None where no template is named.

    A form that was typed into Prefect's interface may say more: of that only what can go missing
    is read, the template and the names of its recipients.
    """
    told = parameters.get(_ORDER)
    if not isinstance(told, Mapping) or not isinstance(told.get("template"), str):
        return None
    recipients = told.get("recipients")
    named = recipients if isinstance(recipients, Mapping) else {}
    if not told["template"]:
        return None
    return ScheduledOrder(
        kind=kind,
        template=told["template"],
        groups=_read_names(named.get("groups")),
        saved_filters=_read_names(named.get("saved_filters")),
        source=told.get("source") or None,
        is_confirmed=told.get("confirmed") is True,
        has_more=_says_more(told, named),
    )


def _says_more(told: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    """Tell whether anything is filled in that is not read here."""
    is_read = {"template", "recipients", "source", "confirmed"}
    others = [one for key, one in told.items() if key not in is_read]
    others += [one for key, one in named.items() if key not in ("groups", "saved_filters")]
    return any(others)


def _read_names(told: Any) -> tuple[str, ...]:
    return tuple(map(str, told)) if isinstance(told, list | tuple) else ()
