"""What a sandbox consists of: its carriers, its mail server, and how they misbehave."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from rollcall.domain.receipts import EvidenceLevel
from rollcall.sandbox.schedule import FaultRates, ReceiptRates

PlanName = Literal["clean", "demo", "rough", "receipts"]
"""clean: all behave. demo: one carrier down, one slow, few faults, receipts. rough: every fault.
receipts: carriers take everything and report back, with every fault that receipts have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """What carriers and mail servers have in common.

    Attributes:
        name: Its route's id.
        priority: Its route's priority; lower is preferred.
        faults: How often it misbehaves.
        delay_s: How long every answer takes.
        is_down: Nothing listens at its address.
        answer_timeout_s: How long its route waits for an answer; it times out by waiting longer.
        max_connections: How many connections its route opens.
    """

    name: str
    priority: int = 100
    faults: FaultRates = field(default_factory=FaultRates)
    delay_s: float = 0.0
    is_down: bool = False
    answer_timeout_s: float = 3.0
    max_connections: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPlan:
    """How a carrier reports back; it does only to who gives an address with the message.

    Attributes:
        faults: How often it misbehaves.
        longest_delay_s: After how long the latest reports come; the others are spread before it.
        level: How far its reports see, as its route is told.
        deadline_s: How long its route waits for a report.
    """

    faults: ReceiptRates = field(default_factory=ReceiptRates)
    longest_delay_s: float = 0.5
    level: EvidenceLevel = "carrier"
    deadline_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPlan(ServerPlan):
    """One SMS carrier.

    Attributes:
        honours_idempotency_key: It answers a repeated key as before and sends once.
        retry_after_s: What it says with "slow down".
        receipts: How it reports back; None if it does not.
    """

    honours_idempotency_key: bool = True
    retry_after_s: int = 1
    receipts: ReceiptPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPlan(ServerPlan):
    """One mail server; its faults befall whole messages.

    Attributes:
        greylist_pct: How many mailboxes it asks patience for (451) when it first sees them.
        certificate_file: PEM file of key and certificates for STARTTLS; without it there is none.
        ca_file: Whom its route trusts.
        username: Who must sign in, over TLS only; without it nobody can.
        password: Their password.
    """

    name: str = "mail"
    greylist_pct: float = 0.0
    certificate_file: Path | None = None
    ca_file: Path | None = None
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPlan:
    """Everything that runs.

    Attributes:
        seed: What all faults are drawn from.
        carriers: The SMS carriers.
        mail_servers: The mail servers.
        host: The address they listen on.
    """

    seed: int = 1
    carriers: tuple[CarrierPlan, ...] = ()
    mail_servers: tuple[MailPlan, ...] = ()
    host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        names = [server.name for server in self.servers]
        if len(set(names)) != len(names):
            raise ValueError("two carriers or mail servers have the same name")

    @property
    def servers(self) -> tuple[ServerPlan, ...]:
        """All carriers and mail servers."""
        return (*self.carriers, *self.mail_servers)


def make_plan(name: PlanName, seed: int) -> SandboxPlan:
    """Make one of the plans that come with the product."""
    match name:
        case "clean":
            return _plan_clean(seed)
        case "demo":
            return _plan_demo(seed)
        case "rough":
            return _plan_rough(seed)
        case "receipts":
            return _plan_receipts(seed)


def _plan_clean(seed: int) -> SandboxPlan:
    carriers = (CarrierPlan(name="alpha", priority=1), CarrierPlan(name="bravo", priority=2))
    return SandboxPlan(seed=seed, carriers=carriers, mail_servers=(MailPlan(),))


def _plan_demo(seed: int) -> SandboxPlan:
    receipts = ReceiptPlan(
        level="handset",
        faults=ReceiptRates(failed_pct=3.0, duplicate_pct=5.0, shuffled_pct=5.0, early_pct=5.0),
    )
    carriers = (
        CarrierPlan(name="alpha", priority=1, is_down=True),
        CarrierPlan(name="bravo", priority=2, delay_s=0.3, max_connections=100, receipts=receipts),
        CarrierPlan(
            name="charlie",
            priority=3,
            faults=FaultRates(refuse_pct=3.0, throttle_pct=2.0),
            receipts=receipts,
        ),
    )
    mail = MailPlan(greylist_pct=4.0)
    return SandboxPlan(seed=seed, carriers=carriers, mail_servers=(mail,))


def _plan_rough(seed: int) -> SandboxPlan:
    every_fault = FaultRates(
        refuse_pct=8.0,
        throttle_pct=8.0,
        time_out_pct=2.0,
        accept_and_drop_pct=5.0,
        reset_pct=5.0,
        garbage_pct=5.0,
    )
    bravo = CarrierPlan(
        name="bravo", priority=2, delay_s=0.1, faults=every_fault, answer_timeout_s=1.0
    )
    charlie = replace(bravo, name="charlie", priority=3, honours_idempotency_key=False)
    carriers = (CarrierPlan(name="alpha", priority=1, is_down=True), bravo, charlie)
    mail = MailPlan(greylist_pct=15.0, faults=every_fault, answer_timeout_s=1.0)
    return SandboxPlan(seed=seed, carriers=carriers, mail_servers=(mail,))


def _plan_receipts(seed: int) -> SandboxPlan:
    every_fault = ReceiptRates(
        never_pct=5.0,
        failed_pct=5.0,
        permanent_pct=2.0,
        duplicate_pct=10.0,
        shuffled_pct=10.0,
        early_pct=10.0,
        forged_pct=3.0,
    )
    alpha = CarrierPlan(name="alpha", priority=1, receipts=ReceiptPlan(faults=every_fault))
    bravo = CarrierPlan(name="bravo", priority=2, receipts=ReceiptPlan(level="handset"))
    return SandboxPlan(seed=seed, carriers=(alpha, bravo), mail_servers=(MailPlan(),))
