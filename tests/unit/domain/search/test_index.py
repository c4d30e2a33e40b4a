from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.search.index import SearchIndex
from rollcall.domain.search.sections import Kind
from rollcall.domain.search.texts import CHUNK_ROWS
from rollcall.errors import InputError
from tests.unit.domain.search.reference import Entry, find_slowly

PEOPLE = [
    Entry("person", "p1", "Åsa Björk", "asa.bjork@example.org", "+46701234567"),
    Entry("person", "p2", "Berg, Anna", "anna@example.org", "+390612345678"),
    Entry("person", "p3", "Anna-Lena Bergström", "alb@example.org"),
    Entry("person", "p4", "Søren Łuka Weiß", "sw@example.org", "+4520123456"),
    Entry("person", "p5", "山田太郎", None, "+819012345678"),
    Entry("person", "p6", "Sean O\u2019Brien", "s.o'brien@example.org"),
    Entry("person", "p7", "Hannah Bergman", "berg@example.org"),
    Entry("person", "p8", "IŞIK Đorđe"),
    Entry("facility", "f1", "Anna house"),
    Entry("facility", "tokyo", "Tokyo office, Room 12"),
    Entry("group", "anna fans", "anna fans"),
    Entry("saved_filter", "Mañana in Göteborg", "Mañana in Göteborg"),
]


def build(entries: list[Entry]) -> SearchIndex:
    def of(kind: str) -> list[Entry]:
        return [one for one in entries if one.kind == kind]

    people = [(one.id, one.name, one.email, one.phone) for one in of("person")]
    facilities = [(one.id, one.name) for one in of("facility")]
    text = pl.String
    return SearchIndex(
        pl.DataFrame(
            people, {"person_id": text, "name": text, "email": text, "phone": text}, orient="row"
        ),
        pl.DataFrame(facilities, {"facility_id": text, "name": text}, orient="row"),
        [one.id for one in of("group")],
        [one.id for one in of("saved_filter")],
    )


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return build(PEOPLE)


def ids(index: SearchIndex, text: str, **options: Any) -> list[str]:
    return [one.id for one in index.find(text, **options)]


@pytest.mark.parametrize(
    "text", ["asa", "ÅSA", "A\u030asa", "björk  asa", " bjo\tas ", "\uff41\uff53\uff41"]
)
def test_accents_case_width_and_spacing_do_not_count(index: SearchIndex, text: str) -> None:
    assert ids(index, text)[0] == "p1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("soren luka weiss", "p4"),
        ("SØREN WEIẞ", "p4"),
        ("isik dorde", "p8"),
        ("\u0131ş\u0131k", "p8"),
        ("obrien", "p6"),
        ("o'brien", "p6"),
        ("O\u00b4Brien", "p6"),
        ("太郎", "p5"),
        ("goteborg manana", "Mañana in Göteborg"),
    ],
)
def test_letters_a_keyboard_lacks_are_found_by_plain_ones(
    index: SearchIndex, text: str, found: str
) -> None:
    assert ids(index, text) == [found]


@pytest.mark.parametrize(
    "text",
    ["0701 23", "+46 701", "0046 70 123", "+46 (0)70-123 45 67", "070/1234567", "70123", "234567"],
)
def test_number_is_found_however_it_is_written(index: SearchIndex, text: str) -> None:
    assert "p1" in ids(index, text)


def test_number_typed_as_international_begins_no_national_one() -> None:
    others = [*PEOPLE, Entry("person", "p9", "Åke", phone="+14670123456")]
    assert ids(build(others), "+4670") == ["p1", "p9"]
    assert ids(build(others), "0467") == ["p9", "p1"]


def test_zero_that_belongs_to_a_national_number_is_found(index: SearchIndex) -> None:
    assert ids(index, "06 1234 5678") == ["p2"]


def test_few_digits_are_a_room_and_no_number(index: SearchIndex) -> None:
    assert ids(index, "12") == ["tokyo"]


@pytest.mark.parametrize("text", ["ANNA@example.org", "asa.bjork", "sw@", "s.obrien"])
def test_address_is_found_by_local_part_or_whole(index: SearchIndex, text: str) -> None:
    assert len(ids(index, text)) == 1


def test_order_is_exact_whole_beginning_somewhere_then_name() -> None:
    entries = [
        Entry("person", "somewhere", "Hannah"),
        Entry("person", "beginning-2", "Berg, Anna"),
        Entry("person", "beginning-1", "Anna-Lena"),
        Entry("person", "whole-2", "Anna"),
        Entry("person", "local-part", "Zoe", "anna@example.org"),
        Entry("group", "anna", "anna"),
    ]
    found = ["anna", "whole-2", "local-part", "beginning-1", "beginning-2", "somewhere"]
    assert ids(build(entries), "anna") == found
    assert ids(build(entries), "anna", limit=3) == found[:3]


def test_namesakes_are_in_the_order_of_their_ids() -> None:
    entries = [Entry("person", id_, name) for id_, name in (("3", "Bo"), ("1", "Bø"), ("2", "bo"))]
    assert ids(build(entries), "bo") == ["1", "2", "3"]


def test_every_word_must_match(index: SearchIndex) -> None:
    assert ids(index, "bergstrom anna") == ["p3"]
    assert ids(index, "anna zzz") == []
    assert ids(index, "asa 4567") == ["p1"]


def test_kinds_that_are_not_asked_for_are_not_found(index: SearchIndex) -> None:
    assert ids(index, "anna", kinds=[Kind.FACILITY, Kind.FACILITY]) == ["f1"]
    assert {one.kind for one in index.find("anna")} == {Kind.PERSON, Kind.FACILITY, Kind.GROUP}


def test_found_person_carries_what_they_are_told_apart_by(index: SearchIndex) -> None:
    (found,) = index.find("p1")
    told = (found.kind, found.id, found.name, found.email, found.phone)
    assert told == ("person", "p1", "Åsa Björk", "asa.bjork@example.org", "+46701234567")


@pytest.mark.parametrize("text", ["zzz", "---", "%", "*", ".*", "\\", "[", "9999"])
def test_what_nobody_has_finds_nothing(index: SearchIndex, text: str) -> None:
    assert ids(index, text) == []


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "\u0301", "'"])
def test_empty_text_is_a_mistake(index: SearchIndex, text: str) -> None:
    with pytest.raises(InputError, match="the text is empty"):
        index.find(text)


def test_limit_below_one_is_refused(index: SearchIndex) -> None:
    with pytest.raises(ValueError, match="limit is 0"):
        index.find("anna", limit=0)


def test_nobody_at_all_is_an_answer() -> None:
    assert build([]).find("anna") == []


def test_last_of_more_people_than_one_looks_at_at_a_time_is_found() -> None:
    names = [f"Person {number:06}" for number in range(CHUNK_ROWS + 2)]
    text = pl.lit(None, pl.String)
    people = pl.DataFrame({"person_id": names, "name": names}).with_columns(email=text, phone=text)
    found = SearchIndex(
        people,
        pl.DataFrame(
            {"facility_id": [], "name": []}, dict.fromkeys(("facility_id", "name"), pl.String)
        ),
    )
    assert ids(found, f"son {CHUNK_ROWS + 1}") == [names[-1]]


LETTER = st.sampled_from("abAåBßø\u0131é '-.,")
NAME = st.text(LETTER, min_size=1, max_size=8).map(lambda text: f"a{text}")
PHONE = st.builds(
    "+{}{}".format,
    st.sampled_from(["46", "39", "1"]),
    st.sampled_from(["0123", "70123", "46701", "123460"]),
)
EMAIL = st.builds(
    "{}@{}".format, st.text("abé.'", min_size=1, max_size=3), st.sampled_from(["b.a", "ab"])
)
ID = st.text("ab1 ", min_size=1, max_size=4).filter(str.strip)
TEXT = st.one_of(
    st.text(LETTER, max_size=6),
    st.lists(st.sampled_from(["a", "b", "ab", "@", "a@b", "1", "ss", "é", "b.a"]), max_size=3).map(
        " ".join
    ),
    st.builds(
        "{}{}".format,
        st.sampled_from(["", "0", "00", "+", "+46 (0)", "a "]),
        st.text("0123467 -", min_size=1, max_size=7),
    ),
)


@st.composite
def draw_entries(draw: st.DrawFn) -> list[Entry]:
    people = draw(
        st.dictionaries(ID, st.tuples(NAME, st.none() | EMAIL, st.none() | PHONE), max_size=6)
    )
    facilities = draw(st.dictionaries(ID, NAME, max_size=3))
    return [
        *(Entry("person", id_, *known) for id_, known in people.items()),
        *(Entry("facility", id_, name) for id_, name in facilities.items()),
        *(Entry("group", name, name) for name in draw(st.sets(NAME, max_size=2))),
        *(Entry("saved_filter", name, name) for name in draw(st.sets(NAME, max_size=2))),
    ]


@settings(max_examples=100, deadline=None)
@given(draw_entries(), st.lists(TEXT, min_size=8, max_size=16), st.integers(1, 8))
def test_answers_are_those_of_a_slow_reading(
    entries: list[Entry], texts: list[str], limit: int
) -> None:
    index = build(entries)
    for text in texts:
        if text.strip(" '"):
            found = [(one.kind.value, one.id) for one in index.find(text, limit)]
            assert found == find_slowly(entries, text, limit), text


def test_entries_are_named_by_their_ids(index: SearchIndex) -> None:
    assert index.name(Kind.PERSON, ["p5", "nobody", "p1"]) == {"p1": "Åsa Björk", "p5": "山田太郎"}
    assert index.name(Kind.FACILITY, ["f1"]) == {"f1": "Anna house"}
    assert index.name(Kind.PERSON, []) == {}
