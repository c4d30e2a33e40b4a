"""Step: let the send flow deliver messages, without waiting for them."""

from collections.abc import Sequence
from typing import Final

from prefect.deployments.flow_runs import arun_deployment

SEND: Final = "send-message/send-message"

MOST_RUNS: Final = 20
"""Runs of one message that may have ended without it being sent; then an operator must look."""


async def hand_over(message_ids: Sequence[str]) -> int:
    """Start a run of `send-message` for each message that has none under way; wait for none.

    A carrier that is down may hold up a message for hours, but never the next round. The run's
    idempotency key is the message's id, so that a message that every round hands over has one run;
    a run that has ended without sending it is followed by another.

    Returns:
        For how many messages a run is under way now.
    """
    return sum([await _run_once(message_id) for message_id in message_ids])


async def _run_once(message_id: str) -> bool:
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
