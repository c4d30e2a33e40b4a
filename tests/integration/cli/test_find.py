from typing import Any

import pytest

from tests.integration.cli.conftest import Answer, CommandLine
from tests.people import phone_of


def find(rollcall: CommandLine, *arguments: str) -> Answer:
    return rollcall("find", *arguments, "--data", rollcall.source)


def found(rollcall: CommandLine, *arguments: str) -> Any:
    answer = find(rollcall, *arguments, "--format", "json")
    assert answer.code == 0, answer.err
    return answer.json


def test_person_is_found_with_what_tells_them_apart(rollcall: CommandLine) -> None:
    assert found(rollcall, "ÀNA") == [
        {
            "kind": "person",
            "id": "p1",
            "name": "Ana",
            "email": "p1@example.org",
            "phone": phone_of(1),
        }
    ]


def test_facility_and_group_are_found(rollcall: CommandLine) -> None:
    nothing = {"email": None, "phone": None}
    paris = {"kind": "facility", "id": "paris", "name": "Paris office"} | nothing
    assert found(rollcall, "office par") == [paris]
    assert found(rollcall, "board") == [{"kind": "group", "id": "board", "name": "board"} | nothing]


def test_saved_filter_is_found_by_its_name(rollcall: CommandLine) -> None:
    selection = rollcall.write("s.json", {"filters": [{"countries": ["JP"]}]})
    assert rollcall("filters", "save", "Japan now", selection).code == 0
    (answer,) = found(rollcall, "now jap")
    assert (answer["kind"], answer["id"]) == ("saved_filter", "Japan now")


def test_kind_and_limit_narrow_the_answer(rollcall: CommandLine) -> None:
    everything = found(rollcall, "o")
    assert {one["kind"] for one in everything} == {"person", "facility", "group"}
    assert found(rollcall, "o", "--limit", "2") == everything[:2]
    facilities = [one for one in everything if one["kind"] == "facility"]
    assert found(rollcall, "o", "--kind", "facility") == facilities


def test_text_answer_is_a_table(rollcall: CommandLine) -> None:
    answer = find(rollcall, phone_of(1))
    assert answer.code == 0
    assert "Ana" in answer.out
    assert "Bo" not in answer.out


def test_nothing_found_is_an_answer(rollcall: CommandLine) -> None:
    assert found(rollcall, "zzz") == []
    answer = find(rollcall, "zzz")
    assert (answer.code, answer.out, answer.err) == (0, "nothing found\n", "")


@pytest.mark.parametrize("text", ["", "   "])
def test_empty_text_is_a_mistake(rollcall: CommandLine, text: str) -> None:
    assert find(rollcall, text).mistake == "there is nothing to look for: the text is empty"


def test_people_are_found_without_a_ledger_that_answers(rollcall: CommandLine) -> None:
    rollcall.set("LEDGER_URL", "sqlite:////nowhere/at/all.db")
    assert [one["id"] for one in found(rollcall, "ana", "--kind", "person")] == ["p1"]


def test_unknown_kind_is_a_mistake_that_names_the_kinds(rollcall: CommandLine) -> None:
    assert "saved_filter" in find(rollcall, "ana", "--kind", "dog").mistake


def test_source_that_broke_is_searched_as_it_last_was(rollcall: CommandLine) -> None:
    before = found(rollcall, "ana")
    people = rollcall.source / "people.csv"
    people.write_text(people.read_text().replace("person_id,", "identifier,", 1))
    assert "--last-good" in find(rollcall, "ana").mistake
    assert found(rollcall, "ana", "--last-good") == before
