import pytest

from rollcall.domain.country_names import name_country
from rollcall.domain.languages import choose_language, find_direction, normalise_language


@pytest.mark.parametrize(
    ("tag", "spelled"),
    [
        ("JA", "ja"),
        ("pt-br", "pt-BR"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"),
    ],
)
def test_tags_are_spelled_as_rfc_5646_recommends(tag: str, spelled: str) -> None:
    assert normalise_language(tag) == spelled


@pytest.mark.parametrize(
    "tag", ["", "pt_BR", "j", "english language", "ja-", "a" * 9, "de" + "-x" * 30]
)
def test_what_is_no_tag_is_refused_by_name(tag: str) -> None:
    with pytest.raises(ValueError, match="is no language tag"):
        normalise_language(tag)


@pytest.mark.parametrize(
    ("wanted", "available", "found"),
    [
        ("pt-BR", {"pt", "pt-BR"}, "pt-BR"),
        ("pt-BR", {"pt", "de"}, "pt"),
        ("PT-br", {"pt-BR"}, "pt-BR"),
        ("pt_BR", {"pt-BR"}, "pt-BR"),
        ("pt", {"pt-BR"}, None),
        ("zh-Hant-TW", {"zh", "zh-Hant"}, "zh-Hant"),
        ("zh-TW-x-private", {"zh-TW", "zh"}, "zh-TW"),
        ("de-a-foo", {"de"}, "de"),
        ("ja", {"de"}, None),
        ("", {"de"}, None),
        (None, {"de"}, None),
        ("not a tag!", {"de"}, None),
    ],
)
def test_lookup_falls_back_by_whole_subtags(
    wanted: str | None, available: set[str], found: str | None
) -> None:
    assert choose_language(wanted, frozenset(available)) == found


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("ar-AE", "rtl"),
        ("he", "rtl"),
        ("FA", "rtl"),
        ("ur-PK", "rtl"),
        ("ja", "ltr"),
        (None, "auto"),
    ],
)
def test_direction_follows_the_language(language: str | None, direction: str) -> None:
    assert find_direction(language) == direction


@pytest.mark.parametrize(
    ("country", "language", "name"),
    [
        ("JP", None, "Japan"),
        ("JP", "ja", "日本"),
        ("TW", "en", "Taiwan"),
        ("DE", "pt-BR", "Alemanha"),
        ("JP", "tlh", "Japan"),
        ("ZZ", "de", None),
    ],
)
def test_countries_are_named_in_the_readers_language(
    country: str, language: str | None, name: str | None
) -> None:
    assert name_country(country, language) == name
