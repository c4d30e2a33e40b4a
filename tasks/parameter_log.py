"""Keep what was typed into a form out of the log of the process that runs it.

Where a run's parameters are no order (the form's *Validate parameters* was switched off), Prefect
writes all of them into that log. Which one is wrong, and why, stands with the run as well.
"""

import logging
from typing import Final

_WITH_PARAMETERS: Final = "Parameter validation failed for flow"
"""How what `prefect.Flow.validate_parameters` logs begins."""


def keep_parameters_out() -> None:
    """Let Prefect log no parameters in this process; safe to call again."""
    logging.getLogger("prefect.flows").addFilter(_is_without_parameters)


def _is_without_parameters(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(_WITH_PARAMETERS)
