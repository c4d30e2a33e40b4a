"""A route that answers as a test says, and remembers what it was asked to send."""

from dataclasses import dataclass, field

from rollcall.domain.message import Channel
from rollcall.routes.base import Acceptance, Submission

SUBMISSION = Submission("d1", "a1", "d1-alpha", "+12025550100", "This is a drill.")


@dataclass
class ScriptedRoute:
    """A way out that needs no network."""

    route_id: str
    channel: Channel = "sms"
    answer: Acceptance | BaseException = field(default_factory=lambda: Acceptance("id-1", "202"))
    submitted: list[Submission] = field(default_factory=list)
    is_closed: bool = False

    async def submit(self, submission: Submission) -> Acceptance:
        self.submitted.append(submission)
        return self._answer()

    async def check(self) -> str:
        self._answer()
        return "answers"

    async def aclose(self) -> None:
        self.is_closed = True
        self._answer()

    def _answer(self) -> Acceptance:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer
