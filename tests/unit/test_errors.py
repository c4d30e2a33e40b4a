import inspect
import pickle

import pytest

from rollcall import errors
from rollcall.errors import (
    ConfigError,
    InputError,
    LedgerError,
    NotAllowedError,
    OutcomeUnknownError,
    PrefectError,
    RecipientError,
    RequestError,
    RollcallError,
    RouteError,
    SelectionError,
    SendError,
    SourceError,
    TemplateError,
)

PARENTS: dict[type[RollcallError], type[Exception]] = {
    RollcallError: Exception,
    ConfigError: RollcallError,
    InputError: RollcallError,
    SelectionError: InputError,
    TemplateError: InputError,
    SourceError: InputError,
    RequestError: InputError,
    NotAllowedError: RollcallError,
    LedgerError: RollcallError,
    PrefectError: RollcallError,
    SendError: RollcallError,
    RouteError: SendError,
    RecipientError: SendError,
    OutcomeUnknownError: SendError,
}

EXAMPLES: list[RollcallError] = [
    *(kind("one clear sentence") for kind in PARENTS if not issubclass(kind, SendError)),
    SendError("no", "alpha"),
    RouteError("slow down", "alpha", "429", "throttled", 2.5),
    RouteError("no", "alpha"),
    RecipientError("unknown number", "alpha", "404"),
    OutcomeUnknownError("the answer was lost", "alpha", None),
]


def test_the_tree_is_the_one_its_docstring_draws() -> None:
    defined = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    drawn = {kind for kind in defined if issubclass(kind, Exception)}
    assert drawn == set(PARENTS)
    for kind, parent in PARENTS.items():
        assert kind.__base__ is parent
        assert kind.__name__ in (errors.__doc__ or "")
        assert kind is RollcallError or kind.__name__.endswith("Error")


@pytest.mark.parametrize("error", EXAMPLES, ids=repr)
def test_error_is_the_same_after_another_process_had_it(error: RollcallError) -> None:
    received = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(received) is type(error)
    assert (str(received), received.args, vars(received)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SourceError("there is no people.csv"), "there is no people.csv"),
        (RouteError("slow down", "alpha", "429"), "alpha: slow down (429)"),
        (OutcomeUnknownError("the answer was lost", "alpha"), "alpha: the answer was lost"),
    ],
)
def test_error_reads_as_one_sentence(error: RollcallError, told: str) -> None:
    assert str(error) == told


def test_route_that_says_nothing_more_has_refused_for_good() -> None:
    error = RouteError("no", "alpha")
    assert (error.fault, error.retry_after_s) == ("rejected", None)
