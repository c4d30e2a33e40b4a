from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from rollcall.sources.rejection import RejectedRow
from rollcall.sources.tables import TABLES
from rollcall.sources.validation import validate_source
from tests.unit.sources.conftest import WriteSource

PEOPLE = ["person_id,name", "p1,Ann", "p2,Bob"]
BOOKING_HEADER = "booking_id,person_id,kind,starts_at,ends_at,country,iata,status"
DAY_ONE, DAY_TWO = "2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z"

TYPES = {
    "list": pl.List(pl.String),
    "boolean": pl.Boolean,
    "number": pl.Float64,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "timestamp": pl.Datetime("us", "UTC"),
}


def reasons_of(folder: Path, table: str) -> list[tuple[int, str]]:
    rejected = validate_source(folder).rejected
    assert {row.table for row in rejected} <= {table}
    return [(row.line, row.reason) for row in rejected]


def test_every_table_has_the_contracts_columns_and_types(write_source: WriteSource) -> None:
    tables = validate_source(write_source(people=PEOPLE)).tables
    assert list(tables) == list(TABLES)
    for name, table in TABLES.items():
        expected = {column.name: TYPES.get(column.kind, pl.String) for column in table.columns}
        assert dict(tables[name].schema) == {"line": pl.Int64, **expected}


def test_person_without_anything_else_has_the_defaults(write_source: WriteSource) -> None:
    row = validate_source(write_source(people=PEOPLE)).tables["people"].row(0, named=True)
    assert row["has_app"] is False
    assert row["groups"] == row["tags"] == []
    assert row["phone"] is row["last_app_contact_at"] is None


def test_values_are_read_as_the_contract_says(write_source: WriteSource) -> None:
    people = [
        "person_id;name;phone;home_country;has_app;last_app_contact_at;groups",
        '007;Ann;0701740605;se;YES;2026-11-23 07:00+01:00;"a; b;;c"',
    ]
    row = validate_source(write_source(people=people)).tables["people"].row(0, named=True)
    assert row["person_id"] == "007"
    assert row["phone"] == "+46701740605"
    assert row["home_country"] == "SE"
    assert row["has_app"] is True
    assert row["last_app_contact_at"] == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert row["groups"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "is_true"),
    [("true", True), ("1", True), ("Yes", True), ("FALSE", False), ("0", False), ("no", False)],
)
def test_booleans_may_be_written_in_three_ways(
    write_source: WriteSource, text: str, is_true: bool
) -> None:
    folder = write_source(people=["person_id,name,has_app", f"p1,Ann,{text}"])
    assert validate_source(folder).tables["people"]["has_app"].to_list() == [is_true]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T06:00:00Z",
        "2026-11-23T06:00:00.000Z",
        "2026-11-23 06:00:00Z",
        "2026-11-23T07:00:00+01:00",
        "2026-11-23T07:00+0100",
        "2026-11-23T07:00:00+01",
        "2026-11-23T06:00Z",
    ],
)
def test_timestamps_with_any_offset_are_the_same_moment(
    write_source: WriteSource, text: str
) -> None:
    folder = write_source(people=["person_id,name,last_app_contact_at", f"p1,Ann,{text}"])
    moments = validate_source(folder).tables["people"]["last_app_contact_at"].to_list()
    assert moments == [datetime(2026, 11, 23, 6, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",1,2,T,,", "person_id is empty"),
        ("p1,,2,T,,", "latitude is empty"),
        ("p1,x,2,T,,", "latitude is not a number"),
        ("p1,nan,2,T,,", "latitude is not a number"),
        ('p1,"59,5",2,T,,', "latitude is not a number"),
        ("p1,1,2,T,inf,", "accuracy_m is not a number"),
        ("p1,90.01,2,T,,", "latitude is beyond ±90"),
        ("p1,1,-180.5,T,,", "longitude is beyond ±180"),
        (
            "p1,1,2,2026-11-23T06:00:00,,",
            "reported_at has no UTC offset (write 2026-11-23T06:00:00Z)",
        ),
        ("p1,1,2,2026-11-23,,", "reported_at has no UTC offset (write 2026-11-23T06:00:00Z)"),
        (
            "p1,1,2,23/11/2026,,",
            "reported_at is not an ISO 8601 timestamp (write 2026-11-23T06:00:00Z)",
        ),
        (
            "p1,1,2,2026-02-30T06:00:00Z,,",
            "reported_at is not an ISO 8601 timestamp (write 2026-11-23T06:00:00Z)",
        ),
        ("p1,1,2,T,,qq", "country QQ is not a country code"),
        ("p1,1,2,T,,Sweden", "country is not a country code (ISO 3166-1 alpha-2)"),
        ("p3,1,2,T,,", "there is no person_id p3"),
        ("p1,91,x,T,,QQ", "latitude is beyond ±90; longitude is not a number; country QQ is not"),
    ],
)
def test_bad_value_rejects_its_row_with_all_reasons(
    write_source: WriteSource, cells: str, reason: str
) -> None:
    header = "person_id,latitude,longitude,reported_at,accuracy_m,country"
    bad = cells.replace(",T,", f",{DAY_ONE},")
    folder = write_source(people=PEOPLE, locations=[header, f"p2,90,-180,{DAY_ONE},,", bad])
    [(line, found)] = reasons_of(folder, "locations")
    assert line == 3
    assert found.startswith(reason)
    assert validate_source(folder).tables["locations"]["line"].to_list() == [2]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (f"b1,p1,boat,{DAY_ONE},{DAY_TWO},,,", "kind is none of flight, hotel, car, rail, other"),
        (f"b1,p1,car,{DAY_TWO},{DAY_ONE},,,", "ends_at is before starts_at"),
        (f"b0,p1,car,{DAY_ONE},{DAY_TWO},,,", "duplicate booking_id b0: line 2 has it already"),
        (f"b1,p9,car,{DAY_ONE},{DAY_TWO},,,", "there is no person_id p9"),
    ],
)
def test_bad_booking_is_rejected(write_source: WriteSource, cells: str, reason: str) -> None:
    good = f"b0,p1,Flight,{DAY_ONE},{DAY_ONE},se,arn,"
    folder = write_source(people=PEOPLE, bookings=[BOOKING_HEADER, good, cells])
    assert reasons_of(folder, "bookings") == [(3, reason)]
    [row] = validate_source(folder).tables["bookings"].rows(named=True)
    assert (row["kind"], row["country"], row["iata"]) == ("flight", "SE", "ARN")
    assert row["status"] == "confirmed"


def test_cancelled_booking_is_dropped_before_any_check(write_source: WriteSource) -> None:
    bookings = [
        BOOKING_HEADER,
        "b1,p9,boat,x,y,QQ,,Cancelled",
        f"b1,p1,car,{DAY_ONE},{DAY_TWO},,,confirmed",
    ]
    validated = validate_source(write_source(people=PEOPLE, bookings=bookings))
    assert validated.rejected == []
    assert validated.tables["bookings"]["line"].to_list() == [3]


def test_first_good_row_of_a_key_stays(write_source: WriteSource) -> None:
    people = ["person_id,name,has_app", "p1,Ann,maybe", "p1,Bob,no", "p1,Cid,no"]
    folder = write_source(people=people)
    assert validate_source(folder).tables["people"]["name"].to_list() == ["Bob"]
    assert reasons_of(folder, "people") == [
        (2, "has_app is none of true, 1, yes, false, 0, no"),
        (4, "duplicate person_id p1: line 3 has it already"),
    ]


def test_contact_is_a_pair_of_facility_and_person(write_source: WriteSource) -> None:
    folder = write_source(
        people=PEOPLE,
        facilities=["facility_id,name,country", "f1,Office,SE", "f2,Depot,SE"],
        facility_contacts=["facility_id,person_id", "f1,p1", "f2,p1", "f1,p1", "f3,p9"],
    )
    assert validate_source(folder).tables["facility_contacts"]["line"].to_list() == [2, 3]
    assert reasons_of(folder, "facility_contacts") == [
        (4, "duplicate facility_id f1, person_id p1: line 2 has it already"),
        (5, "there is no facility_id f3; there is no person_id p9"),
    ]


def test_reference_to_a_rejected_person_is_to_nobody(write_source: WriteSource) -> None:
    folder = write_source(
        people=["person_id,name", "p1,", "p2,Bob"],
        emergencies=["emergency_id,person_id,started_at", f"e1,p1,{DAY_ONE}"],
    )
    assert validate_source(folder).rejected == [
        RejectedRow("people", 2, "name is empty"),
        RejectedRow("emergencies", 2, "there is no person_id p1"),
    ]


def test_incident_and_risk_are_checked(write_source: WriteSource) -> None:
    header = "incident_id,title,severity,latitude,longitude,occurred_at,area"
    folder = write_source(
        people=PEOPLE,
        incidents=[
            header,
            f'i1,Flood,Severe,1,2,{DAY_ONE},"{{}}"',
            f"i2,Flood,awful,1,2,{DAY_ONE},[]",
            f"i3,Flood,minor,1,2,{DAY_ONE},Polygon",
        ],
        country_risk=["country,level", "se,low", "SE,high", "JP,"],
    )
    assert validate_source(folder).rejected == [
        RejectedRow(
            "incidents",
            3,
            "severity is none of minor, moderate, severe, extreme; area is not a JSON object",
        ),
        RejectedRow("incidents", 4, "area is not a JSON object"),
        RejectedRow("country_risk", 3, "duplicate country SE: line 2 has it already"),
        RejectedRow("country_risk", 4, "level is empty"),
    ]


def test_wrong_phone_or_workplace_keeps_the_person(write_source: WriteSource) -> None:
    people = [
        "person_id,name,phone,home_country,facility_id",
        "p1,Ann,12,SE,f1",
        "p2,Bob,0701740605,,f9",
        "p3,Cid,0701740605,SE,",
    ]
    folder = write_source(people=people, facilities=["facility_id,name,country", "f1,Office,SE"])
    kept = validate_source(folder).tables["people"]
    assert kept["phone"].to_list() == [None, None, "+46701740605"]
    assert kept["facility_id"].to_list() == ["f1", None, None]
    assert reasons_of(folder, "people") == [
        (2, "phone is not a valid number; the person is kept"),
        (
            3,
            "phone is a national number, and home_country is empty; "
            "there is no facility_id f9; the person is kept",
        ),
    ]


def test_half_a_coordinate_keeps_the_facility(write_source: WriteSource) -> None:
    facilities = ["facility_id,name,country,latitude,longitude", "f1,Office,SE,59,", "f2,B,SE,,"]
    folder = write_source(people=PEOPLE, facilities=facilities)
    assert validate_source(folder).tables["facilities"]["latitude"].to_list() == [None, None]
    [(line, reason)] = reasons_of(folder, "facilities")
    assert line == 2
    assert reason.endswith("; the facility is kept")


def test_reasons_hold_nothing_of_a_person_even_where_cells_are_shifted(
    write_source: WriteSource,
) -> None:
    private = ["Ann", "a@x.org", "+46701740605", "59.33", "Anderson"]
    people = ["person_id,name,home_country,has_app,last_app_contact_at,phone"]
    people += [",".join(private[i:] + private[:i]) + ",x" for i in range(len(private))] * 2
    people += [f"{text},x,,,,99" for text in private] * 2
    locations = ["person_id,latitude,longitude,reported_at"]
    locations += [",".join([text] * 4) for text in private]
    locations += [f"{text},1,2,{DAY_ONE}" for text in ("a@x.org", "+46701740605", "Anderson")]
    folder = write_source(people=people, locations=locations)
    reasons = " ".join(row.reason for row in validate_source(folder).rejected)
    assert not [text for text in private if text in reasons]


def test_typed_values_are_checked_like_text(source: Path, write_source: WriteSource) -> None:
    write_source(people=PEOPLE)
    pl.DataFrame(
        {
            "person_id": ["p1", "p1", "p1", None],
            "latitude": [float("nan"), 91.0, 1.0, 1.0],
            "longitude": [1.0, 1.0, float("inf"), 1.0],
            "reported_at": [datetime(2026, 11, 23, tzinfo=UTC)] * 3 + [None],
        }
    ).write_parquet(source / "locations.parquet")
    assert reasons_of(source, "locations") == [
        (1, "latitude is not a number"),
        (2, "latitude is beyond ±90"),
        (3, "longitude is not a number"),
        (4, "person_id is empty; reported_at is empty"),
    ]


def test_nul_in_json_rejects_the_row(source: Path) -> None:
    (source / "people.jsonl").write_text('{"person_id": "p1", "name": "A\\u0000"}\n')
    assert reasons_of(source, "people") == [(1, "name holds a NUL character")]


def test_rejected_rows_come_by_table_and_line(write_source: WriteSource) -> None:
    folder = write_source(
        people=["person_id,name,phone", "p1,Ann,1", "p2", "p1,Cid,", "p3,Dan,1"],
        bookings=[BOOKING_HEADER, "b1"],
    )
    found = [(row.table, row.line) for row in validate_source(folder).rejected]
    assert found == [("people", 2), ("people", 3), ("people", 4), ("people", 5), ("bookings", 2)]
