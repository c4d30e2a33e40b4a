"""Many messages in few requests to a mail provider: which go together, and what comes of each.

Providers take up to 1,000 recipients with one request. What all of them get is written once; what
only one of them gets travels beside their address. So, of the messages handed over together:

    a content that many get     a request of its own, the text in it once
    every other content         together, each text as a value of its recipient's
    a content that is too long  a request of its own, for as few as get it
    the same address again      another request: a provider takes an address once in each
    what can be answered        not with what cannot: a request has one header for that

A request that is refused for one of its messages was taken for none of them. The refused one gets
its verdict, and the others go again without it; where the provider does not say which one it was,
each half goes again by itself.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rollcall.errors import RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.email.mime import parse_mailbox

MOST_RECIPIENTS = 1000
"""Most messages in one request: what both SendGrid and Mailgun document."""

SHARED_FROM = 50
"""From how many recipients on a content has a request of its own."""

MOST_ROUNDS = 12
"""How often at most the rest of a refused request goes again: 1,000 halved are one after 10."""

Outcome = Acceptance | SendError
Content = tuple[str | None, str, str | None]


@dataclass(frozen=True, slots=True)
class Letter:
    """A submission to a mailbox that is fit for a request.

    Attributes:
        place: Its place among the submissions handed over together.
        submission: What to send.
        mailbox: Its address as `parse_mailbox` returned it, ASCII.
    """

    place: int
    submission: Submission
    mailbox: str

    @property
    def content(self) -> Content:
        """Return what the recipient gets to read."""
        return self.submission.subject, self.submission.text, self.submission.html


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes with one request: every mailbox once, HTML for all or none, answers to all or none.

    Attributes:
        letters: At least one.
        is_shared: All have the same content.
    """

    letters: tuple[Letter, ...]
    is_shared: bool = field(init=False)

    def __post_init__(self) -> None:
        first = self.letters[0].content
        is_shared = all(letter.content == first for letter in self.letters)
        object.__setattr__(self, "is_shared", is_shared)


Post = Callable[[Batch], Awaitable[Sequence[Outcome | None]]]
"""Makes one request of a batch: what came of each letter, None where another one was at fault.

Of a batch of one letter it never returns None. Raises a `SendError` that holds for all of them.
"""


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How a provider wants its requests.

    Attributes:
        fits: Whether a letter's content may travel as a value beside its address.
        most_bytes: Most characters of such values in one request.
    """

    fits: Callable[[Letter], bool]
    most_bytes: int = 10_000_000

    def group(self, letters: Iterable[Letter]) -> list[Batch]:
        """Group letters into as few requests as there can be."""
        alike: dict[tuple[Content, bool], list[Letter]] = defaultdict(list)
        for letter in letters:
            alike[letter.content, letter.submission.reply_token is None].append(letter)
        mixed: dict[tuple[bool, bool], list[Letter]] = defaultdict(list)
        batches: list[Batch] = []
        for ((_, _, html), is_final), group in alike.items():
            if len(group) >= SHARED_FROM or not self.fits(group[0]):
                batches += _split(group, 0)
            else:
                mixed[html is None, is_final] += group
        for group in mixed.values():
            batches += _split(group, self.most_bytes)
        return batches


def _split(letters: list[Letter], most_bytes: int) -> Iterator[Batch]:
    """Split letters so that no request has a mailbox twice, too many or too much."""
    for group in _part_same_mailboxes(letters):
        part: list[Letter] = []
        size = 0
        for letter in group:
            own_size = sum(len(text or "") for text in letter.content) if most_bytes else 0
            if len(part) == MOST_RECIPIENTS or (part and size + own_size > most_bytes > 0):
                yield Batch(tuple(part))
                part, size = [], 0
            part.append(letter)
            size += own_size
        yield Batch(tuple(part))


def _part_same_mailboxes(letters: list[Letter]) -> list[list[Letter]]:
    """Put the first letter to each mailbox together, the second ones, and so on."""
    parts: list[list[Letter]] = []
    counts: dict[str, int] = defaultdict(int)
    for letter in letters:
        key = letter.mailbox.casefold()
        if counts[key] == len(parts):
            parts.append([])
        parts[counts[key]].append(letter)
        counts[key] += 1
    return parts


async def hand_over(
    submissions: Sequence[Submission], post: Post, plan: BatchPlan, route_id: str, patience_s: float
) -> list[Outcome]:
    """Hand submissions over with few requests; return what came of each, in the same order.

    Args:
        submissions: What to send, in any number.
        post: Makes one request.
        plan: How the provider wants them.
        route_id: Whose outcomes they are.
        patience_s: For how many seconds the rest of a refused request may go again.
    """
    letters, outcomes = _address_all(submissions, route_id)
    run = _Handover(post, route_id, time.monotonic() + patience_s, outcomes)
    await asyncio.gather(*(run.send(batch, MOST_ROUNDS) for batch in plan.group(letters)))
    return [outcomes[place] for place in range(len(submissions))]


def _address_all(
    submissions: Sequence[Submission], route_id: str
) -> tuple[list[Letter], dict[int, Outcome]]:
    letters: list[Letter] = []
    refused: dict[int, Outcome] = {}
    for place, submission in enumerate(submissions):
        addressed = _address(place, submission, route_id)
        if isinstance(addressed, Letter):
            letters.append(addressed)
        else:
            refused[place] = addressed
    return letters, refused


def _address(place: int, submission: Submission, route_id: str) -> Letter | SendError:
    try:
        mailbox = parse_mailbox(submission.address)
    except ValueError:
        return RecipientError("the address is malformed", route_id)
    if not mailbox.isascii():
        # SendGrid takes these and loses them (sendgrid-csharp #255), Mailgun writes a broken header
        return RouteError("takes no address beyond ASCII", route_id, None, "rejected")
    return Letter(place, submission, mailbox)


@dataclass(frozen=True, slots=True)
class _Handover:
    """One call of `hand_over`: where its outcomes are gathered."""

    post: Post
    route_id: str
    give_up_at: float
    outcomes: dict[int, Outcome]

    async def send(self, batch: Batch, rounds_left: int) -> None:
        rest = await self._post_once(batch)
        if rest and (rounds_left == 0 or time.monotonic() > self.give_up_at):
            reason = "refused together with another message"
            error = RouteError(reason, self.route_id, None, "temporary")
            self.outcomes.update((letter.place, error) for letter in rest)
        elif rest:
            parts = _halve(rest) if len(rest) == len(batch.letters) else [rest]
            again = (self.send(Batch(tuple(part)), rounds_left - 1) for part in parts)
            await asyncio.gather(*again)

    async def _post_once(self, batch: Batch) -> list[Letter]:
        """Make one request; return the letters that were not taken for another one's fault."""
        try:
            results = await self.post(batch)
        except SendError as error:
            self.outcomes.update((letter.place, error) for letter in batch.letters)
            return []
        rest: list[Letter] = []
        for letter, result in zip(batch.letters, results, strict=True):
            if result is None:
                rest.append(letter)
            else:
                self.outcomes[letter.place] = result
        return rest


def _halve(letters: list[Letter]) -> list[list[Letter]]:
    """Halve letters; a single one, which nobody but itself can be at fault for, stays whole."""
    middle = (len(letters) + 1) // 2
    return [part for part in (letters[:middle], letters[middle:]) if part]
