"""The sample source: the same bytes every time, nobody real in it, and enough people in Japan."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import airportsdata
import phonenumbers
import pytest

from rollcall.clock import parse_instant
from rollcall.domain.content import MessageContent
from rollcall.domain.countries import is_country_code
from rollcall.domain.email_layout import compile_layout
from rollcall.domain.rendering import compile_content
from rollcall.domain.template_variables import MessageVariables, RecipientVariables

DATA = Path(__file__).parents[2] / "data"
SAMPLE = DATA / "sample"
AS_OF = "2026-11-23T06:00:00Z"
TABLES = [
    *("people", "facilities", "facility_contacts", "bookings"),
    *("locations", "emergencies", "incidents", "country_risk"),
]
RESERVED_NUMBER = re.compile(
    r"\+1\d{3}55501\d\d|\+442079460\d{3}|\+493023125\d{3}|\+3319900\d{4}|\+467017406\d\d"
)
RESERVED_ADDRESS = re.compile(r"[a-z]+\.[a-z]+\d*@example\.(org|com|net)")

Row = dict[str, str]


@cache
def read_table(table: str) -> list[Row]:
    with (SAMPLE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def read_airport_countries() -> dict[str, str]:
    return {code: airport["country"] for code, airport in airportsdata.load("IATA").items()}


def read_phone(person: Row) -> str:
    number = phonenumbers.parse(person["phone"], person["home_country"])
    assert phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_the_generator_writes_the_committed_bytes(tmp_path: Path) -> None:
    command = [sys.executable, "-B", str(SAMPLE / "generate.py"), str(tmp_path)]
    subprocess.run(command, check=True, timeout=60)

    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(TABLES)
    for table in TABLES:
        written = (tmp_path / f"{table}.csv").read_bytes()
        assert written == (SAMPLE / f"{table}.csv").read_bytes(), table


def test_the_sample_stays_small() -> None:
    files = [path for path in SAMPLE.iterdir() if path.is_file()]

    assert sum(path.stat().st_size for path in files) < 1_500_000


def test_every_number_is_reserved_for_fiction_valid_and_used_once() -> None:
    people = [row for row in read_table("people") if row["phone"] not in {"", "n/a"}]
    numbers = [read_phone(person) for person in people]

    assert all(RESERVED_NUMBER.fullmatch(number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert sum(person["phone"].startswith("0") for person in people) >= 5


def test_every_address_is_reserved_by_rfc_2606_and_used_once() -> None:
    addresses = [row["email"] for row in read_table("people") if row["email"]]

    assert all(RESERVED_ADDRESS.fullmatch(address) for address in addresses)
    assert len(set(addresses)) == len(addresses)


def test_some_people_lack_a_phone_an_email_or_both() -> None:
    people = read_table("people")
    without_phone = {row["person_id"] for row in people if not row["phone"]}
    without_email = {row["person_id"] for row in people if not row["email"]}

    assert 0.04 < len(without_phone) / len(people) < 0.06
    assert 0.02 < len(without_email) / len(people) < 0.04
    assert len(without_phone & without_email) == 6


def test_exactly_seven_mistakes_are_in_it() -> None:
    assert sorted(find_mistakes()) == [
        ("bookings", "backwards"),
        ("bookings", "bad date"),
        ("bookings", "duplicate"),
        ("locations", "latitude"),
        ("locations", "nobody"),
        ("people", "country"),
        ("people", "phone"),
    ]


def find_mistakes() -> Iterator[tuple[str, str]]:
    yield from _check_people()
    yield from _check_bookings()
    yield from _check_references()
    for row in read_table("locations"):
        if abs(float(row["latitude"])) > 90:
            yield "locations", "latitude"


def _check_people() -> Iterator[tuple[str, str]]:
    facilities = {row["facility_id"] for row in read_table("facilities")}
    for row in read_table("people"):
        assert row["facility_id"] in facilities | {""}
        if not is_country_code(row["home_country"]):
            yield "people", "country"
        if row["phone"] == "n/a":
            yield "people", "phone"


def _check_bookings() -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for row in read_table("bookings"):
        assert row["iata"] in read_airport_countries() or (not row["iata"] and row["country"])
        if row["booking_id"] in seen:
            yield "bookings", "duplicate"
        seen.add(row["booking_id"])
        try:
            if parse_instant(row["ends_at"]) < parse_instant(row["starts_at"]):
                yield "bookings", "backwards"
        except ValueError:
            yield "bookings", "bad date"


def _check_references() -> Iterator[tuple[str, str]]:
    people = {row["person_id"] for row in read_table("people")}
    for table in ("facility_contacts", "bookings", "locations", "emergencies"):
        for row in read_table(table):
            if row["person_id"] not in people:
                yield table, "nobody"


def find_countries() -> dict[str, str]:
    """Say where everybody is at AS_OF by the contract's rule; empty where that is not known."""
    offices = {row["facility_id"]: row["country"] for row in read_table("facilities")}
    evidence = {
        row["person_id"]: [("", 0, offices.get(row["facility_id"], ""))]
        for row in read_table("people")
    }
    for row in read_table("locations"):
        if row["reported_at"] <= AS_OF:
            report = (row["reported_at"], 1, row["country"])
            evidence.setdefault(row["person_id"], []).append(report)
    for row in read_table("bookings"):
        if row["status"] == "confirmed" and row["starts_at"] <= AS_OF < row["ends_at"]:
            country = row["country"] or read_airport_countries()[row["iata"]]
            evidence[row["person_id"]].append((row["starts_at"], 0, country))
    return {person_id: max(kept)[2] for person_id, kept in evidence.items()}


def test_between_150_and_250_people_are_in_japan() -> None:
    countries = find_countries()
    in_japan = [row for row in read_table("people") if countries[row["person_id"]] == "JP"]

    assert 150 <= len(in_japan) <= 250
    assert {person["facility_id"] for person in in_japan} > {"tokyo", "berlin"}


def test_facilities_stand_in_a_dozen_countries_and_have_a_manager_each() -> None:
    facilities = read_table("facilities")
    managed = {
        row["facility_id"] for row in read_table("facility_contacts") if row["is_manager"] == "true"
    }

    assert len({row["country"] for row in facilities}) == 12
    assert {row["facility_id"] for row in facilities} == managed


@pytest.mark.parametrize("country", ["JP", "KE", None])
def test_the_demo_message_renders_for_everybody_in_at_most_two_sms(country: str | None) -> None:
    request = json.loads((SAMPLE / "earthquake.json").read_text(encoding="utf-8"))
    layout = compile_layout((DATA / "templates" / "email.html.j2").read_text(encoding="utf-8"))
    content = compile_content(MessageContent.model_validate(request["content"]), layout)
    message = MessageVariables(sent_on=date(2026, 11, 23), organisation="Meridian Relief")

    for person in read_table("people"):
        reader = RecipientVariables(person["name"], person["language"], country)
        sms = content.render_sms(reader, message)
        assert sms.segments <= 2
        assert sms.encoding == ("UCS-2" if sms.language == "ja" else "GSM-7")
        assert person["name"] in content.render_email(reader, message).text
