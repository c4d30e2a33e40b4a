"""What was reported with the app, for commands that show a selection and need no ledger."""

from datetime import datetime

from rollcall.cli.output import print_notice
from rollcall.domain.app_reports import AppReports
from rollcall.errors import LedgerError
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.engine import may_exist
from rollcall.settings import load_settings
from rollcall.wiring import opened_ledger


def find_app_reports(moment: datetime) -> AppReports | None:
    """Return what was reported by a moment; None where there is no ledger, or it does not answer.

    The user is told of the latter: a send from here would see more.

    Raises:
        ConfigError: A setting is wrong.
    """
    if not may_exist(load_settings().ledger_address):
        return None
    try:
        with opened_ledger() as ledger:
            return read_app_reports(ledger, moment)
    except LedgerError as error:
        print_notice(f"what was reported with the app is not known: {error}")
        return None
