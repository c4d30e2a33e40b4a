from typing import Any

import pytest

from tests.integration.cli.conftest import CommandLine
from tests.people import phone_of

AS_OF = "2026-11-23T06:00:00Z"


def select(rollcall: CommandLine, selection: dict[str, Any], *options: str) -> Any:
    path = rollcall.write("selection.json", selection)
    answer = rollcall(
        "select", path, "--data", rollcall.source, "--as-of", AS_OF, "--format", "json", *options
    )
    assert answer.code == 0, answer.err
    return answer.json


def test_answer_is_the_one_of_the_contract(rollcall: CommandLine) -> None:
    assert select(
        rollcall, {"filters": [{"countries": ["JP"]}], "people": ["p4"], "facilities": ["paris"]}
    ) == {
        "as_of": AS_OF,
        "people": [
            {
                "person_id": "p1",
                "name": "Ana",
                "email": "p1@example.org",
                "phone": phone_of(1),
                "language": "pt",
                "position": {
                    "country": "JP",
                    "latitude": pytest.approx(35.55, abs=0.02),
                    "longitude": pytest.approx(139.78, abs=0.02),
                    "source": "booking",
                    "at": "2026-11-22T16:00:00Z",
                },
                "via": [{"by": "filter", "index": 0}, {"by": "facility", "facility_id": "tokyo"}],
            },
            {
                "person_id": "p2",
                "name": "Bo",
                "email": "p2@example.org",
                "phone": None,
                "language": None,
                "position": {
                    "country": "JP",
                    "latitude": 35.681,
                    "longitude": 139.767,
                    "source": "workplace",
                    "at": None,
                },
                "via": [{"by": "filter", "index": 0}],
            },
            {
                "person_id": "p3",
                "name": "Cy",
                "email": None,
                "phone": phone_of(3),
                "language": None,
                "position": {
                    "country": None,
                    "latitude": None,
                    "longitude": None,
                    "source": "none",
                    "at": None,
                },
                "via": [{"by": "facility", "facility_id": "tokyo"}],
            },
        ],
        "facilities": ["paris", "tokyo"],
        "unreachable": [{"person_id": "p4", "reason": "no email, no phone"}],
        "rejected_rows": [
            {"table": "bookings", "line": 3, "reason": "ends_at is before starts_at"}
        ],
        "counts": {"people": 3, "facilities": 2},
    }


def test_managers_only_leaves_out_the_other_contacts(rollcall: CommandLine) -> None:
    answer = select(rollcall, {"facilities": ["tokyo"]}, "--managers-only")
    assert [one["person_id"] for one in answer["people"]] == ["p1"]


def test_selection_that_matches_nobody_is_an_answer(rollcall: CommandLine) -> None:
    answer = select(rollcall, {"filters": [{"countries": ["AQ"]}]})
    assert answer["people"] == answer["facilities"] == answer["unreachable"] == []
    assert answer["counts"] == {"people": 0, "facilities": 0}


def test_without_as_of_it_is_now(rollcall: CommandLine) -> None:
    path = rollcall.write("s.json", {"everyone": True})
    answer = rollcall("select", path, "--data", rollcall.source, "--format", "json").json
    assert answer["as_of"].endswith("Z")
    assert answer["as_of"] > AS_OF


def test_as_of_is_told_in_utc(rollcall: CommandLine) -> None:
    path = rollcall.write("s.json", {"everyone": True})
    options = ("--as-of", "2026-11-23T15:00:00+09:00", "--format", "json")
    assert rollcall("select", path, "--data", rollcall.source, *options).json["as_of"] == AS_OF


def test_text_answer_names_everybody_and_what_was_left_out(rollcall: CommandLine) -> None:
    path = rollcall.write("s.json", {"everyone": True})
    answer = rollcall("select", path, "--data", rollcall.source, "--as-of", AS_OF)
    assert answer.code == 0
    for told in ("Ana", "Bo", "Cy", "cannot be reached: p4", "bookings line 3", "3 people"):
        assert told in answer.out


def test_facility_that_stands_for_nobody_is_told_beside_the_answer(rollcall: CommandLine) -> None:
    path = rollcall.write("s.json", {"facilities": ["paris"]})
    answer = rollcall("select", path, "--data", rollcall.source, "--format", "json")
    assert answer.json["facilities"] == ["paris"]
    assert answer.err == "facility paris has no contact: nobody is contacted for it\n"


def test_markup_in_the_data_is_shown_as_it_is(rollcall: CommandLine) -> None:
    people = rollcall.source / "people.csv"
    people.write_text(people.read_text().replace("Ana", "[bold]Ana[/nonsense]"))
    path = rollcall.write("s.json", {"people": ["p1"]})
    answer = rollcall("select", path, "--data", rollcall.source)
    assert answer.code == 0
    assert "[bold]" in answer.out


def test_name_cannot_give_orders_to_the_terminal(rollcall: CommandLine) -> None:
    people = rollcall.source / "people.csv"
    people.write_text(people.read_text().replace("Ana", "A\x1b]0;na\x9b31m"))
    path = rollcall.write("s.json", {"people": ["p1"]})
    shown = rollcall("select", path, "--data", rollcall.source).out
    assert "A\ufffd]0;na" in shown
    assert not {"\x1b", "\x9b"} & set(shown)


def test_byte_order_mark_before_a_selection_is_no_mistake(rollcall: CommandLine) -> None:
    path = rollcall.write("s.json", '\ufeff{"everyone": true}')
    assert rollcall("select", path, "--data", rollcall.source).code == 0


def test_source_that_broke_is_told_with_its_last_good_version(rollcall: CommandLine) -> None:
    before = select(rollcall, {"everyone": True})
    people = rollcall.source / "people.csv"
    people.write_text(people.read_text().replace("person_id,", "identifier,", 1))
    path = rollcall.write("s.json", {"everyone": True})
    told = rollcall("select", path, "--data", rollcall.source).mistake
    assert "person_id" in told
    assert "people.csv" in told
    assert "--last-good" in told
    assert select(rollcall, {"everyone": True}, "--last-good") == before


def test_somebody_with_an_address_that_is_none_is_unreachable(rollcall: CommandLine) -> None:
    people = rollcall.source / "people.csv"
    people.write_text(people.read_text().replace("p4,Di,,", "p4,Di,none,"))
    answer = select(rollcall, {"people": ["p4"]})
    assert answer["unreachable"] == [{"person_id": "p4", "reason": "no valid email, no phone"}]
    assert answer["people"] == []
