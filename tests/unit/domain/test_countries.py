import pytest

from rollcall.domain.countries import country_name, is_country_code, load_country_names


@pytest.mark.parametrize("code", ["SE", "JP", "TW", "XK", "AX"])
def test_iso_codes_and_kosovo_are_countries(code: str) -> None:
    assert is_country_code(code)


@pytest.mark.parametrize("code", ["", "se", "UK", "QQ", "SWE", "EU", "Sweden"])
def test_anything_else_is_not(code: str) -> None:
    assert not is_country_code(code)


def test_there_are_249_countries_and_kosovo() -> None:
    assert len(load_country_names()) == 250


def test_name_is_the_everyday_one() -> None:
    assert country_name("TW") == "Taiwan"
    assert country_name("XK") == "Kosovo"


def test_name_of_no_country_is_refused() -> None:
    with pytest.raises(KeyError):
        country_name("QQ")
