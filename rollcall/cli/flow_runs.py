"""Run the flow of a message from a command, and say where that is without Prefect."""

from rollcall.cli.output import print_notice
from rollcall.dispatcher.launching import prefect_address, prefect_answers, run_message
from rollcall.sending.steps import SendReport


async def run_send_message(message_id: str, kind: str = "one_way") -> SendReport:
    """Send one accepted message by the flow of its kind.

    Raises:
        RollcallError: As the steps of the flow do.
    """
    uses_prefect = await prefect_answers()
    if not uses_prefect and (address := prefect_address()):
        print_notice(f"Prefect at {address} does not answer: sending without it")
    return await run_message(message_id, kind, print_notice, uses_prefect=uses_prefect)
