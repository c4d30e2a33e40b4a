"""A scheduled order is the form that the flows take, and is read from it again."""

from typing import Any

import pytest

from rollcall.domain.forms.orders import ChatForm, MessageForm
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.schedules.parameters import read_parameters, write_parameters

ORDERS = [
    ScheduledOrder("one_way", "Morning"),
    ScheduledOrder("chat", "Flood", ("board",), ("Asia", "Europe"), "/srv/people", True),
]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_what_the_flow_takes_and_is_read_again(order: ScheduledOrder) -> None:
    written = write_parameters(order)
    form = (ChatForm if order.kind == "chat" else MessageForm).model_validate(written["order"])
    assert form.template == order.template
    assert form.confirmed == order.is_confirmed
    assert form.source == (order.source or "")
    assert (form.recipients.groups, form.recipients.saved_filters) == (
        order.groups,
        order.saved_filters,
    )
    assert read_parameters(order.kind, written) == order
    as_the_ui_sends_it = {"order": form.model_dump(mode="json")}
    assert read_parameters(order.kind, as_the_ui_sends_it) == order


@pytest.mark.parametrize(
    "more",
    [
        {"wording": {"subject": "S", "text": "T"}},
        {"recipients": {"people": ["p1"]}},
        {"recipients": {"groups": ["board"], "exclude": {"people": ["p1"]}}},
    ],
)
def test_a_form_that_says_more_is_not_taken_for_less(more: dict[str, Any]) -> None:
    order = read_parameters("one_way", {"order": {"template": "Morning", **more}})
    assert order is not None
    assert order.has_more
    assert order.tell_recipients().endswith("as its form says")


@pytest.mark.parametrize("parameters", [{}, {"message_id": "m"}, {"order": {"template": ""}}])
def test_a_run_without_a_template_has_no_order(parameters: dict[str, Any]) -> None:
    assert read_parameters("one_way", parameters) is None
