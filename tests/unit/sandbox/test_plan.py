from typing import get_args

import pytest

from rollcall.routes.config import parse_routes
from rollcall.sandbox.plan import CarrierPlan, MailPlan, PlanName, SandboxPlan, make_plan
from rollcall.sandbox.routes_file import render_routes


@pytest.mark.parametrize("name", get_args(PlanName))
def test_every_plan_is_a_routes_file_that_loads(name: PlanName) -> None:
    plan = make_plan(name, seed=7)
    ports = {server.name: 2000 + number for number, server in enumerate(plan.servers)}
    routes = parse_routes(render_routes(plan, ports), "routes.toml", {})
    assert {route.id for route in routes} == set(ports)
    by_id = {server.name: server for server in plan.servers}
    for route in routes:
        assert route.priority == by_id[route.id].priority
        assert route.answer_timeout_s == by_id[route.id].answer_timeout_s


def test_demo_has_a_carrier_down_a_slow_one_and_a_third() -> None:
    alpha, bravo, charlie = make_plan("demo", 1).carriers
    assert alpha.is_down
    assert bravo.delay_s > 0
    assert not charlie.is_down
    assert alpha.priority < bravo.priority < charlie.priority


def test_plan_with_one_name_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        SandboxPlan(carriers=(CarrierPlan(name="a"),), mail_servers=(MailPlan(name="a"),))


def test_routes_ask_for_receipts_only_where_they_can_come_in() -> None:
    plan = make_plan("receipts", seed=7)
    ports = {server.name: 2000 + number for number, server in enumerate(plan.servers)}
    for awaits_receipts in (False, True):
        text = render_routes(plan, ports, awaits_receipts=awaits_receipts)
        routes = {route.id: route for route in parse_routes(text, "routes.toml", {})}
        asked = [routes[name].receipts for name in ("alpha", "bravo", "mail")]
        assert asked == (["carrier", "handset", "none"] if awaits_receipts else ["none"] * 3)
        assert (routes["alpha"].receipt_secret is not None) == awaits_receipts


@pytest.mark.parametrize("name", ["clean", "rough"])
def test_other_plans_are_the_same_with_a_public_address(name: PlanName) -> None:
    plan = make_plan(name, seed=7)
    ports = {server.name: 2000 for server in plan.servers}
    assert render_routes(plan, ports, awaits_receipts=True) == render_routes(plan, ports)
