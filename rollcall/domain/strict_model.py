"""What everything is made of that is read from outside."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Unknown keys are refused, and values not shown in mistakes: they may be of people.

    Prefect and the log keep the traceback of a mistake, and pydantic would repeat in it what was
    typed. A mistyped key must never be an accidentally wider audience.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
