"""The lock is complete, is checked by hashes, and tells nothing of the machine it was made on."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.project import PROJECT

LOCK = (PROJECT / "requirements.lock").read_text("utf-8")
PROJECT_TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]


def read_pins() -> dict[str, tuple[str, int]]:
    """Return version and number of hashes by name."""
    pins: dict[str, tuple[str, int]] = {}
    for entry in re.split(r"\n(?=[a-zA-Z0-9])", LOCK):
        if pin := re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", entry):
            pins[canonicalize_name(pin[1])] = (pin[2], len(re.findall("--hash=sha256:", entry)))
    return pins


def test_every_pin_has_a_hash() -> None:
    pins = read_pins()
    assert len(pins) > 100
    assert [name for name, (_, hash_count) in pins.items() if not hash_count] == []


def test_every_line_of_the_lock_is_a_pin_a_hash_or_a_comment() -> None:
    expected = re.compile(
        r"\s*#.*|    --hash=sha256:[0-9a-f]{64}( \\)?|[A-Za-z0-9._-]+(\[[^\]]*\])?==\S+.*"
    )
    assert [line for line in LOCK.splitlines() if line and not expected.fullmatch(line)] == []


def test_lock_holds_no_address() -> None:
    assert re.findall(r"\w+://\S+|(?<=@ )\S+|^-\S+ .*", LOCK, flags=re.MULTILINE) == []


def test_lock_satisfies_what_the_project_asks_for() -> None:
    pins = read_pins()
    asked = [*PROJECT_TABLE["dependencies"], *PROJECT_TABLE["optional-dependencies"]["dev"]]
    for requirement in map(Requirement, asked):
        version, _ = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_lock_keeps_prefect_with_what_it_works_with() -> None:
    """Measured: others do not start, or create no scheduled runs (docs/architecture.md)."""
    pins = read_pins()
    for known_good in ("prefect==3.8.8", "fastapi>=0.139,<0.151", "sqlalchemy>=2.0,<2.1"):
        requirement = Requirement(known_good)
        assert requirement.specifier.contains(pins[requirement.name][0])
        assert any(
            Requirement(asked).specifier == requirement.specifier
            for asked in PROJECT_TABLE["dependencies"]
            if Requirement(asked).name == requirement.name
        )
