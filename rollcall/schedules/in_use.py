"""Keep what a schedule uses by its name from being deleted or renamed under it.

Schedules live in Prefect. Where it does not answer, what is asked is done all the same and said to
be unchecked: a schedule that is broken by it fails loudly at its next run. To import this module
imports no Prefect.
"""

from rollcall.domain.message_templates import TemplateKind
from rollcall.errors import InputError, PrefectError


def require_unscheduled_template(kind: TemplateKind, name: str) -> str | None:
    """Make sure that no schedule sends a template.

    Args:
        kind: What the template is for.
        name: As the ledger has it.

    Returns:
        What a user is to be told when it is done: why that is not known; None if it is.

    Raises:
        InputError: Some do; names them.
    """
    from rollcall.schedules.book import list_schedules  # noqa: PLC0415 - imports Prefect
    from rollcall.schedules.connection import connected  # noqa: PLC0415 - imports Prefect
    from rollcall.schedules.users import find_template_users  # noqa: PLC0415 - imports Prefect

    try:
        with connected() as client:
            users = find_template_users(list_schedules(client), kind, name)
    except PrefectError as error:
        return f"schedules could not be checked: {error}"
    _refuse(f"template {name!r}", users)
    return None


def require_unscheduled_filter(name: str) -> str | None:
    """Make sure that no schedule sends to a dynamic filter.

    Returns:
        What a user is to be told when it is done: why that is not known; None if it is.

    Raises:
        InputError: Some do; names them.
    """
    from rollcall.schedules.book import list_schedules  # noqa: PLC0415 - imports Prefect
    from rollcall.schedules.connection import connected  # noqa: PLC0415 - imports Prefect
    from rollcall.schedules.users import find_filter_users  # noqa: PLC0415 - imports Prefect

    try:
        with connected() as client:
            users = find_filter_users(list_schedules(client), name)
    except PrefectError as error:
        return f"schedules could not be checked: {error}"
    _refuse(f"dynamic filter {name!r}", users)
    return None


def _refuse(what: str, users: list[str]) -> None:
    if users:
        named = ", ".join(f"schedule {one!r}" for one in users)
        raise InputError(f"{what} is used by {named}: remove that first (rollcall schedule remove)")
