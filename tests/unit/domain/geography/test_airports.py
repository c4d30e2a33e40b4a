import polars as pl
import pytest

from rollcall.domain.geography.airports import AirportCodes, settle_countries
from rollcall.errors import SelectionError

CODES = AirportCodes(
    airports=frozenset({"LHR", "LGW", "BKK", "DMK", "ARN"}),
    metropolitan={"LON": frozenset({"LHR", "LGW"}), "BKK": frozenset({"BKK", "DMK"})},
)


@pytest.mark.parametrize(
    ("codes", "expanded"),
    [
        (["ARN"], {"ARN"}),
        (["LHR"], {"LHR"}),
        (["LON"], {"LON", "LHR", "LGW"}),
        (["BKK"], {"BKK", "DMK"}),
        (["DMK", "LON"], {"DMK", "LON", "LHR", "LGW"}),
    ],
)
def test_a_metropolitan_code_stands_for_all_its_airports(
    codes: list[str], expanded: set[str]
) -> None:
    assert CODES.expand_codes(codes, "codes") == expanded


def test_an_unknown_code_is_named() -> None:
    where = "filters[0].upcoming_travel_to_iata"
    with pytest.raises(SelectionError) as caught:
        CODES.expand_codes(["LHR", "QQQ"], where)
    assert str(caught.value) == f"selection: {where}: unknown airport code 'QQQ'"


def test_an_airport_of_a_territory_is_where_a_report_from_it_would_be() -> None:
    stated = pl.Series(["US", "US", "NO", "LU", "FR", "US"])
    outlined = pl.Series(["PR", "US", "SJ", "FR", "PR", None])
    settled = settle_countries(stated, outlined)
    assert settled.to_list() == ["PR", "US", "SJ", "LU", "FR", "US"]
