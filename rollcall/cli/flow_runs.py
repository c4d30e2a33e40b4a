"""Run the flow of a message from a command, and say where that is without Prefect."""

import logging

from prefect.logging.handlers import PrefectConsoleHandler

from rollcall.cli.output import print_notice
from rollcall.dispatcher.launching import prefect_address, prefect_answers, run_message
from rollcall.sending.steps import SendReport


async def run_send_message(message_id: str, kind: str = "one_way") -> SendReport:
    """Send one accepted message by the flow of its kind.

    Raises:
        RollcallError: As the steps of the flow do.
    """
    uses_prefect = await prefect_answers()
    if uses_prefect:
        _keep_runs_off_the_terminal()
    elif address := prefect_address():
        print_notice(f"Prefect at {address} does not answer: sending without it")
    return await run_message(message_id, kind, print_notice, uses_prefect=uses_prefect)


def _keep_runs_off_the_terminal() -> None:
    """Leave the terminal to the command, which tells its user itself what a run comes to.

    Prefect would print a refusal, which is one sentence, with two tracebacks above it: a hundred
    lines. Its pages keep all of that; where they are is still said.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler, PrefectConsoleHandler):
            handler.addFilter(_is_of_no_run)


def _is_of_no_run(record: logging.LogRecord) -> bool:
    return not record.name.startswith(("prefect.flow_runs", "prefect.task_runs"))
