"""What a run orders, is called and ends as; Prefect is told and never waited for."""

import asyncio
import logging
import re
import time
import uuid
from pathlib import Path
from typing import Any, cast

import pytest
import yaml  # type: ignore[import-untyped]  # Prefect brings it, without types
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import FlowRunContext
from prefect.utilities.callables import parameter_schema

from flows.open_chat import open_chat
from flows.post_to_chat import post_to_chat
from flows.send_message import send_message
from rollcall.dispatcher.flows import load_flows
from rollcall.domain.forms.orders import NEW_MESSAGE, MessageForm, PostForm
from rollcall.errors import InputError
from rollcall.ledger.stopping import StopCounts
from rollcall.sending.steps import SendReport
from rollcall.sending.stopping import StopReport
from tasks.accept import choose_message, choose_notice, key_of_run, order_key, ordering_under
from tasks.end import state_of
from tasks.run_names import name_accepted, name_message, name_notice
from tasks.stop import state_of_stop
from tasks.telling import TELL_TIMEOUT_S, tell

FLOWS = load_flows()
ORDER = MessageForm(template="Drill")


def within_run(**parameters: Any) -> FlowRunContext:
    """Return the context of a flow run, with as much of it as names and keys need."""
    run = FlowRun(id=uuid.UUID(int=7), flow_id=uuid.uuid4(), name="a run", parameters=parameters)
    construct: Any = FlowRunContext.model_construct
    context: FlowRunContext = construct(flow_run=run, parameters=parameters)
    return context


def test_an_order_has_the_key_of_its_run_so_that_a_repeated_run_is_the_same_message() -> None:
    with within_run():
        assert order_key() == f"run:{uuid.UUID(int=7)}" == key_of_run(uuid.UUID(int=7))
        with ordering_under("run:8"):
            assert order_key() == "run:8"
    assert order_key() != order_key()


async def test_a_run_is_for_one_message() -> None:
    assert await choose_message("m1", NEW_MESSAGE) == "m1"
    assert await choose_notice("m1", PostForm()) == "m1"
    with pytest.raises(InputError, match="not both"):
        await choose_message("m1", ORDER)
    with pytest.raises(InputError, match="not both"):
        await choose_notice("m1", PostForm(chat_id="c1"))


def test_a_run_is_called_by_what_it_is_and_then_by_its_message() -> None:
    with within_run(message_id="m1", order=NEW_MESSAGE):
        assert name_message() == "message-m1"
    with within_run(message_id="", order=ORDER):
        assert name_message() == "new message: template Drill"
    with within_run(message_id="", order=ORDER.model_copy(update={"preview_only": True})):
        assert name_message() == "preview: template Drill"
    with within_run(message_id="", order=PostForm(chat_id="c1", post="secret")):
        assert name_notice() == "new notice: c1"
    assert name_accepted("new message: template Drill", "m1") == "message-m1: template Drill"
    assert name_accepted("message-m1", "m1") == "message-m1"


@pytest.mark.parametrize(
    ("state", "counts", "name", "kind"),
    [
        ("sent", {"accepted": 2}, "Completed", StateType.COMPLETED),
        ("sent", {"accepted": 2, "unconfirmed": 1}, "Failed", StateType.FAILED),
        ("sent", {"not_attempted": 2}, "Failed", StateType.FAILED),
        ("sending", {"accepted": 2, "waiting": 1}, "Interrupted", StateType.FAILED),
        ("stopped", {"accepted": 2, "stopped": 1}, "Stopped", StateType.COMPLETED),
    ],
)
def test_a_run_ends_as_the_ledger_says(
    state: str, counts: dict[str, int], name: str, kind: StateType
) -> None:
    report = SendReport("m1", state, {"email": counts}, {})
    ended = state_of(report)
    assert (ended.name, ended.type) == (name, kind)
    assert ended.message
    assert ended.message.startswith("message m1: ")
    assert ended.data == report


async def test_a_prefect_that_hangs_or_fails_is_left_behind_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> str:
        raise ValueError("nothing that a page is worth")

    async def answer() -> str:
        return "taken"

    with caplog.at_level(logging.WARNING, logger="tasks.telling"):
        assert await tell(answer) == "taken"
        assert await tell(fail) is None
        assert await tell(fail, is_known_away=True) is None
        began = time.monotonic()
        assert await tell(lambda: asyncio.Event().wait(), is_known_away=True) is None
        assert time.monotonic() - began < TELL_TIMEOUT_S + 1
    [told] = caplog.records
    assert cast(Any, told).reason == "ValueError"
    assert "worth" not in caplog.text


def deployments() -> list[dict[str, Any]]:
    told = yaml.safe_load(Path("prefect.yaml").read_text("utf-8"))
    found: list[dict[str, Any]] = told["deployments"]
    return found


def test_nothing_that_sends_waits_for_another_run() -> None:
    flows = {"send_message", "open_chat", "post_to_chat", "stop_message"}
    sending = [one for one in deployments() if one["entrypoint"].rpartition(":")[2] in flows]
    assert len(sending) >= 6
    assert [one["name"] for one in sending if "concurrency_limit" in one] == []


def test_every_deployment_says_what_it_is_and_the_advisories_are_not_armed() -> None:
    for one in deployments():
        assert one["description"]
        assert one["tags"]
        assert one["enforce_parameter_schema"] is True
    advisories = [one for one in deployments() if "advisory" in one["tags"]]
    assert len(advisories) == 2
    for one in advisories:
        [schedule] = one["schedules"]
        assert schedule["active"] is False
        assert schedule["timezone"]
    by_flow: dict[str, Any] = {"send_message": send_message, "open_chat": open_chat}
    for one in advisories:
        flow = by_flow[one["entrypoint"].rpartition(":")[2]]
        order = flow.validate_parameters(one["parameters"])["order"]
        assert order.template
        assert order.recipients.saved_filters


@pytest.mark.parametrize("flow", [send_message, open_chat, post_to_chat])
def test_the_form_of_an_order_is_empty_at_first(flow: Any) -> None:
    properties = parameter_schema(flow.fn).properties
    assert list(properties) == ["message_id", "order"]
    assert properties["order"]["default"] == {}


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_the_form_says_what_it_wants_of_each_deployment(name: str) -> None:
    """Each field has a title in words, not its name in code, and says what belongs there."""
    schema = parameter_schema(FLOWS[name].fn)
    for key, told in schema.properties.items():
        assert told["description"], key
        assert re.fullmatch("[A-Z][a-z ]+", told["title"]), key
    for part, model in schema.definitions.items():
        for key, told in model["properties"].items():
            assert told["description"], (part, key)
            meant = schema.definitions.get(told.get("$ref", "").rpartition("/")[2], told)
            assert told.get("title", meant["title"]), (part, key)


def test_what_each_deployment_runs_is_a_flow_of_that_name() -> None:
    entrypoints = {one["entrypoint"].rpartition(":")[2] for one in deployments()}
    assert entrypoints == {name.replace("-", "_") for name in FLOWS}


@pytest.mark.parametrize(
    ("in_flight", "name", "kind"),
    [(0, "Completed", StateType.COMPLETED), (3, "InFlight", StateType.FAILED)],
)
def test_a_stop_has_not_succeeded_while_something_is_in_flight(
    in_flight: int, name: str, kind: StateType
) -> None:
    report = StopReport("m1", "stopped", None, StopCounts(5, 2, in_flight), {})
    ended = state_of_stop(report)
    assert (ended.name, ended.type, ended.data) == (name, kind, report)
    assert ended.message
    assert ended.message.startswith("message m1 is stopped: 5 handed over, 2 held back")
    assert ("3 in flight still; run it again" in ended.message) == bool(in_flight)
