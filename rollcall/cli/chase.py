"""`rollcall chase`: remind those who have not answered."""

from dataclasses import asdict

from rollcall.cli.output import Format, FormatOption
from rollcall.cli.rounds import EveryOption, Round, run_rounds
from rollcall.sending.chasing import ChaseReport, TakenRungs
from rollcall.sending.chasing import chase as chase_once
from rollcall.wiring import App


def chase(every_s: EveryOption = None, output: FormatOption = Format.TEXT) -> None:
    """Remind those who have not answered, as the ladders of their chats say, and send it.

    With Prefect the deployment `chase-answers` does the same. Exits with 1 if a chat could not be
    chased.
    """
    run_rounds(_look, every_s, output)


def _look(app: App) -> Round:
    report = chase_once(app.steps)
    return Round(
        lines=_tell(report),
        told={
            "taken": [asdict(one) for one in report.taken],
            "message_ids": report.unfinished_ids,
        },
        problems=report.problems,
        message_ids=report.unfinished_ids,
    )


def _tell(report: ChaseReport) -> list[str]:
    if not report.taken:
        return ["nobody is to be reminded now"]
    return [_tell_taken(one) for one in report.taken]


def _tell_taken(taken: TakenRungs) -> str:
    told = [f"reminder {one}" for one in taken.reminder_ids]
    told += [f"notice {one}" for one in taken.notice_ids]
    return f"chat {taken.chat_id}: {', '.join(told)}"
