"""Step: let the send flow deliver messages, without waiting for them."""

from collections.abc import Sequence
from typing import Final, TypeVar

from prefect import State
from prefect.deployments.flow_runs import arun_deployment
from prefect.states import Completed, Failed

WORK_POOL: Final = "sends"
"""Where runs wait for whoever serves it."""

SEND: Final = "send-message/send-message"

R = TypeVar("R")

MOST_RUNS: Final = 20
"""Runs of one message that may have ended without it being sent; then an operator must look."""


async def hand_over(message_ids: Sequence[str]) -> int:
    """Start a run of `send-message` for each message that has none under way; wait for none.

    A carrier that is down may hold up a message for hours, but never the next round. The run's
    idempotency key is the message's id, so that a message that every round hands over has one run;
    a run that has ended without sending it is followed by another.

    Returns:
        How many messages have had too many runs.
    """
    return sum([not await _is_under_way(message_id) for message_id in message_ids])


def end_round(report: R, problems: Sequence[str], stuck_count: int, command: str) -> State[R]:
    """Return how a round of a flow ended: failed where an operator must look.

    What is wrong may quote the source, so that Prefect is told how much it is, and who tells what;
    the report itself stays in this process, for whoever tells one kind of problem from another.

    Args:
        report: What the round has come to.
        problems: What is wrong.
        stuck_count: How many messages are not sent, run after run.
        command: What tells the problems.
    """
    if not problems and not stuck_count:
        return Completed(message="all is well", data=report)
    told = f"{len(problems)} problems, which `{command}` tells"
    told = f"{told}; {stuck_count} messages that must be resumed by hand"
    return Failed(message=told, data=report)


async def _is_under_way(message_id: str) -> bool:
    for number in range(MOST_RUNS):
        run = await arun_deployment(
            SEND,
            parameters={"message_id": message_id},
            timeout=0,
            as_subflow=False,
            idempotency_key=f"{message_id}/{number}",
        )
        if run.state is None or not run.state.is_final():
            return True
    return False
