"""Send a test to oneself: a real message by the same engine, whose audience is one person."""

import hashlib
import hmac
from dataclasses import replace
from typing import Final

from rollcall.domain.message import MessageRequest, digest_request
from rollcall.domain.trials import TrialReader, make_trial
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.notices_to_addresses import accept_for
from rollcall.ledger.push_subscriptions import find_notified
from rollcall.sending.accepting import Order, make_message, recorded_channels
from rollcall.sending.steps import SendSteps

_SIGN_CHARS: Final = 16


def accept_trial(
    steps: SendSteps, order: Order, reader: TrialReader, nonce: str
) -> tuple[MessageRecord, bool]:
    """Record a test of an order; the same test twice is one message.

    Args:
        steps: The steps of a send.
        order: What is to be sent later, under a key of its own.
        reader: Who gets the test.
        nonce: Another one lets the very same be tested again.

    Returns:
        The message, and whether it is new.

    Raises:
        InputError: No channel of the message reaches the reader.
        RollcallError: As `make_message` does.
    """
    notified = find_notified(steps.ledger, [reader.id]) if reader.person_id else set()
    request = make_trial(order.request, reader, has_app=reader.id in notified)
    key = f"test:{order.key}:{_sign(steps, request, reader)}:{nonce}"
    trial = replace(order, request=request, key=key, template=None)
    now = steps.clock.now()
    new = make_message(trial, steps.ledger, steps.book, steps.layout, now, links=steps.links)
    channels = recorded_channels(request, steps.book)
    return accept_for(steps.ledger, new, (reader.as_recipient(),), channels, now)


def _sign(steps: SendSteps, request: MessageRequest, reader: TrialReader) -> str:
    """Return what is the same for the same test, and from which nobody can tell an address."""
    told = (digest_request(request, "", None), reader.email, reader.phone, reader.name)
    code = hmac.new(steps.links.key, repr(told).encode(), hashlib.sha256)
    return code.hexdigest()[:_SIGN_CHARS]
