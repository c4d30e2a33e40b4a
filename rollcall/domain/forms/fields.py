"""What the fields of forms are made of."""

import unicodedata
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_serializer

from rollcall.domain.countries import load_country_names
from rollcall.domain.strict_model import StrictModel

TriState = Literal["any", "yes", "no"]
"""A criterion that need not be used; reads better than an optional switch."""

Usual = Literal["as usual", "yes", "no"]
"""An option: `as usual` is as the template says, and without one as if nothing were said."""

Name = Annotated[str, Field(min_length=1)]
"""An entry of a list; an empty one would be a name that was meant and is missing."""

Names = tuple[Name, ...]


class FormPart(StrictModel):
    """A part of a form. A mistyped key must never be an accidentally wider audience.

    It is written down without what is as it was at first: Prefect keeps that for each run.
    """

    @model_serializer
    def _write_filled_in(self) -> dict[str, Any]:
        fields = type(self).model_fields.items()
        values = {name: (getattr(self, name), field.default) for name, field in fields}
        return {name: now for name, (now, at_first) in values.items() if now != at_first}


def entry(position: int, title: str, description: str, default: Any = ..., **limits: Any) -> Any:
    """Return a field as both of Prefect's interfaces show it.

    Args:
        position: Its place within the form.
        title: What it is called there.
        description: What stands below it.
        default: What it begins with; without one it must be filled in.
        limits: What `pydantic.Field` takes besides.
    """
    extra: dict[str, Any] = {"position": position}
    return Field(default, title=title, description=description, json_schema_extra=extra, **limits)


def moment_entry(position: int, title: str, description: str) -> Any:
    """Return the field of a moment that need not be given: both interfaces let one pick it.

    What is picked is a timestamp with the offset of the zone chosen beside it. The schema says
    nothing of the empty default: the interfaces would take it for a moment that is written wrongly.

    Args:
        position: Its place within the form.
        title: What it is called there.
        description: What stands below it, with what being empty means.
    """

    def offer_picker(schema: dict[str, Any]) -> None:
        del schema["default"]
        schema |= {"format": "date-time", "position": position}

    return Field("", title=title, description=description, json_schema_extra=offer_picker)


def titled(title: str) -> Any:
    """Return the mark of a flow's parameter that gives it a title in the form.

    Prefect gives it its name in code as one, and lets no other way change that.
    """
    return Field(json_schema_extra={"title": title})


GoOnWith = Annotated[str, titled("Go on with message")]
"""The id of a message that was accepted before; empty for a new one."""


@cache
def _codes_by_name() -> dict[str, str]:
    names = {name: code for code, name in load_country_names().items()}
    return {name: names[name] for name in sorted(names, key=_without_accents)}


def _without_accents(name: str) -> str:
    """Sort the Åland Islands among the letters A, where they are looked for."""
    split = unicodedata.normalize("NFKD", name)
    return "".join(one for one in split if not unicodedata.combining(one)).casefold()


def _require_country(name: str) -> str:
    if name not in _codes_by_name():
        raise ValueError(f"{name!r} is not the name of a country")
    return name


Country = Annotated[
    str,
    Field(json_schema_extra={"enum": list(_codes_by_name())}),
    AfterValidator(_require_country),
]
"""A country, chosen by its English name."""

Countries = tuple[Country, ...]


def read_countries(names: Countries) -> list[str]:
    """Return the ISO 3166-1 alpha-2 codes of countries."""
    return [_codes_by_name()[name] for name in names]


def read_tri_state(choice: TriState) -> bool | None:
    """Return what a criterion asks for, None if it is not used."""
    return None if choice == "any" else choice == "yes"


def said(**values: Any) -> dict[str, Any]:
    """Return what was filled in: neither nothing, nor an empty text or list."""
    return {name: one for name, one in values.items() if one not in (None, "", (), [], {})}
