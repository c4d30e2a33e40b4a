"""What administrators do with schedules: add, change, pause, resume and delete them.

Imports Prefect, which takes two seconds: so it is itself imported late.
"""

from dataclasses import dataclass
from pathlib import Path

from prefect.client.schemas.schedules import SCHEDULE_TYPES

from rollcall.desk.acting import Noted
from rollcall.desk.desk import Desk
from rollcall.domain.acts import Action, Actor
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.domain.schedule_times import Timing, require_schedule_name
from rollcall.errors import InputError, NotAllowedError
from rollcall.schedules import book
from rollcall.schedules.book import Schedule
from rollcall.schedules.connection import connected
from rollcall.schedules.planning import plan_rule, require_unguarded
from rollcall.sending.launching import OrderJudge, Verdict


def list_schedules() -> list[Schedule]:
    """Return all schedules that send, by name, as Prefect has them now.

    Raises:
        PrefectError: Prefect is away, or refuses.
    """
    with connected() as client:
        return book.list_schedules(client)


@dataclass(frozen=True, slots=True)
class Scheduling:
    """Changes schedules for administrators.

    What a schedule sends is counted against the actor's limit when it is saved. Whom it means is
    looked up at each run: that the audience has grown far since is the guards' to refuse.

    Attributes:
        desk: Asks whether the actor may, and records what they do.
        source: Folder of the travellers' data where an order names none.
        repeat_within_s: Within how many seconds the guard refuses to say the same again.
    """

    desk: Desk
    source: Path | None
    repeat_within_s: float

    def judge(self, actor: Actor, order: ScheduledOrder) -> Verdict:
        """Say whether something could be sent now, and to how many; nothing is sent.

        Raises:
            NotAllowedError: The actor may not send.
        """
        self.desk.acting.require(actor, "sender")
        return OrderJudge(self.desk.steps, self.source).judge(order)

    def add(self, actor: Actor, name: str, order: ScheduledOrder, timing: Timing) -> Schedule:
        """Add a schedule that could be sent now; it is active.

        Raises:
            NotAllowedError: The actor may not, or not to so many people.
            RollcallError: It could not be sent now, the name is taken, or Prefect is away.
        """
        acting = self.desk.acting
        with acting.act(actor, "sender", "save_schedule", name[:100]) as noted:
            require_schedule_name(name)
            rule = plan_rule(timing, order, self.repeat_within_s, acting.clock.now())
            with connected() as client:
                book.require_free_name(client, name)
                self._count(actor, order, noted)
                return book.add_schedule(client, name, order, rule, acting.clock.now())

    def change(
        self,
        actor: Actor,
        seen: Schedule,
        order: ScheduledOrder | None,
        timing: Timing | None,
    ) -> None:
        """Let a schedule send something else or at other times, unless it was changed meanwhile.

        Args:
            actor: Who wants that.
            seen: The schedule as they saw it.
            order: What it is to send; None: what it does.
            timing: When; None: when it does.

        Raises:
            NotAllowedError: The actor may not, or not to so many people.
            InputError: Somebody else has changed it since they looked, or it was deployed.
            RollcallError: It could not be sent now, or Prefect is away.
        """
        acting = self.desk.acting
        with acting.act(actor, "sender", "save_schedule", seen.name) as noted:
            rule = self._plan(seen, order, timing)
            with connected() as client:
                _require_unchanged(book.find_schedule(client, seen.name), seen)
                if order is None:
                    self._keep_within_limit(actor, seen, noted)
                else:
                    _require_same_kind(seen, order)
                    self._count(actor, order, noted)
                book.change_schedule(client, seen, order, rule, acting.clock.now())

    def set_active(self, actor: Actor, name: str, *, active: bool) -> Schedule:
        """Pause a schedule, or let it fire again; return it as it is then.

        Raises:
            NotAllowedError: The actor may not, or not to so many people as it fires for again.
            InputError: There is none of this name, or a run of another one is due.
            PrefectError: Prefect is away.
        """
        acting = self.desk.acting
        action: Action = "resume_schedule" if active else "pause_schedule"
        with acting.act(actor, "sender", action, name) as noted, connected() as client:
            known = book.find_schedule(client, name)
            if active:
                self._keep_within_limit(actor, known, noted)
            book.set_active(client, known, acting.clock.now(), active=active)
            return book.find_schedule(client, name)

    def delete(self, actor: Actor, name: str) -> None:
        """Delete a schedule, and the runs of it that have not begun.

        Raises:
            NotAllowedError: The actor may not.
            InputError: There is none of this name, it was deployed, or a run of another one is due.
            PrefectError: Prefect is away.
        """
        acting = self.desk.acting
        with acting.act(actor, "sender", "delete_schedule", name), connected() as client:
            known = book.find_schedule(client, name)
            book.remove_schedule(client, known, acting.clock.now())

    def _plan(
        self, seen: Schedule, order: ScheduledOrder | None, timing: Timing | None
    ) -> SCHEDULE_TYPES:
        sent, now = order or seen.order, self.desk.acting.clock.now()
        if sent is None:
            raise InputError(f"schedule {seen.name!r} names no template: change it in Prefect")
        if timing is not None:
            return plan_rule(timing, sent, self.repeat_within_s, now)
        require_unguarded(seen.rule, sent, self.repeat_within_s, now)
        return seen.rule

    def _keep_within_limit(self, actor: Actor, known: Schedule, noted: Noted) -> None:
        """Make sure that who has a limit lets nothing fire that goes beyond it; an admin has none.

        Raises:
            NotAllowedError: It does, or that cannot be counted.
        """
        if actor.limit is None:
            return
        if known.order is None or known.order.has_more:
            raise NotAllowedError(
                f"how many {known.name!r} goes to cannot be counted, for its form in Prefect says "
                "more: ask an admin"
            )
        self._count(actor, known.order, noted)

    def _count(self, actor: Actor, order: ScheduledOrder, noted: Noted) -> None:
        """Make sure that an order could be sent now, by this actor; nobody is no fault of it."""
        people_count = OrderJudge(self.desk.steps, self.source).count(order)
        self.desk.acting.require_within_limit(actor, people_count, noted)


def _require_unchanged(known: Schedule, seen: Schedule) -> None:
    if (known.schedule_id, known.order, known.rule) != (seen.schedule_id, seen.order, seen.rule):
        raise InputError(f"{seen.name!r} was changed by somebody else meanwhile: look again")


def _require_same_kind(seen: Schedule, order: ScheduledOrder) -> None:
    if seen.order is not None and seen.order.kind != order.kind:
        raise InputError("a schedule of messages cannot become one of chats: add another one")
