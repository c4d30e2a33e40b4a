from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from rollcall.domain.audience import Position, Recipient
from rollcall.domain.content import MessageContent
from rollcall.domain.email_layout import compile_layout
from rollcall.domain.preview.sms_costs import RoutePrice, SmsEstimate, estimate_sms
from rollcall.domain.rendering import compile_content
from rollcall.domain.template_variables import MessageVariables

LAYOUT = compile_layout("{{ subject }}")
ROUTES = (
    RoutePrice("one", Decimal("0.045")),
    RoutePrice("two", None),
    RoutePrice("three", Decimal("0.01")),
)


def recipient(person_id: str, name: str, phone: str | None = "+12025550100") -> Recipient:
    return Recipient(person_id, name, None, phone, None, None, Position("none"), ())


def estimate(
    *recipients: Recipient, text: str = "Hello {{ name }}", routes: Sequence[RoutePrice] = ROUTES
) -> SmsEstimate:
    content = compile_content(MessageContent(subject="Drill", text=text), LAYOUT)
    return estimate_sms(content, MessageVariables(date(2026, 11, 23)), recipients, routes)


def test_segments_are_those_of_each_ones_own_text() -> None:
    sms = estimate(recipient("p1", "Ana"), recipient("p2", "Б" * 80), recipient("p3", "Cy", None))
    assert (sms.people_count, sms.segment_count) == (2, 3)
    assert sms.people_by_segments == {1: 1, 2: 1}


def test_cost_is_segments_times_price_to_the_last_digit() -> None:
    told = estimate(recipient("p1", "Ana"), recipient("p2", "Bo"), recipient("p3", "Cy")).to_json()
    assert (told["cost"], told["cost_range"]) == ("0.135", ["0.03", "0.135"])
    assert told["routes"][1] == {"route_id": "two", "price_per_segment": None, "cost": None}


def test_cost_without_price_is_not_known() -> None:
    told = estimate(recipient("p1", "Ana"), routes=()).to_json()
    assert (told["segments"], told["cost"], told["cost_range"]) == (1, None, None)


def test_one_that_cannot_be_written_is_named_and_costs_nothing() -> None:
    sms = estimate(recipient("p1", "Б" * 150), recipient("p2", "Bo"), text="{{ name }}" * 5)
    assert (sms.unwritable_ids, sms.segment_count) == (("p1",), 1)
