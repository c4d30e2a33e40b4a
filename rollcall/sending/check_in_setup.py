"""See to it that a check-in can be asked at all, before it is recorded."""

from datetime import timedelta
from pathlib import Path

from rollcall.errors import InputError
from rollcall.ledger.check_ins import NewCheckIn
from rollcall.sending.accepting import Order
from rollcall.sending.check_in_people import find_asked, find_notified
from rollcall.sending.self_made import MessageMaker
from rollcall.sending.steps import SendSteps


def require_possible(steps: SendSteps, new: NewCheckIn) -> None:
    """Do all that asking does but record it.

    Raises:
        TemplateError: A text uses what it may not.
        ConfigError: No route is configured for a channel it needs, or its links lead nowhere.
        SourceError: The source cannot be loaded.
        SelectionError: The selection names what does not exist, or means nobody.
        InputError: Somebody who is to be notified is not in the source.
    """
    now = steps.clock.now()
    expires_at = now + timedelta(minutes=new.grace_min)
    request = new.request.model_copy(update={"expires_at": expires_at})
    MessageMaker(steps).make(Order(request, Path(new.source)), now)
    people = find_asked(steps, new.request, Path(new.source), new.time_zone, now)
    if people.source.problem:
        raise InputError(people.source.problem)
    missing = sorted(set(new.notify) - set(find_notified(people.source, new.notify)))
    if missing:
        raise InputError(f"--notify: there is no person {missing[0]!r} in {new.source}")
