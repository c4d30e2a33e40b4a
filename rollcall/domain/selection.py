"""Who is meant, as said by the administrator: selections and filters (contract §3, §4)."""

from datetime import datetime
from typing import Annotated, Any, Literal, Never, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
    model_validator,
)

from rollcall.clock import parse_instant
from rollcall.domain.geography.geojson import read_polygons
from rollcall.domain.strict_json import parse_json
from rollcall.domain.strict_model import StrictModel
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import SelectionError

Code = Annotated[str, StringConstraints(to_upper=True, strip_whitespace=True, min_length=2)]
Codes = Annotated[tuple[Code, ...], Field(min_length=1)]
HOURS_MAX = 876_000
"""A hundred years: longer than any app has been in contact."""

Hours = Annotated[float, Field(gt=0, le=HOURS_MAX, strict=True)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]


def _require_area(area: dict[str, Any]) -> dict[str, Any]:
    """Read it once, so that a shape which can mean no area is refused before anything starts."""
    read_polygons(area)
    return area


def _read_moment(moment: object) -> object:
    """Refuse what pydantic would take for seconds since 1970: `20261123` is no day of 1970."""
    if not isinstance(moment, str):
        return moment if isinstance(moment, datetime | None) else _refuse_moment()
    try:
        return parse_instant(moment)
    except OverflowError:
        return _refuse_moment()


def _refuse_moment() -> Never:
    raise ValueError("must be a timestamp with an offset (2026-11-23T06:00:00Z)")


Moment = Annotated[AwareDatetime | None, BeforeValidator(_read_moment)]


class Period(StrictModel):
    """A half-open period; what is not given has the contract's default."""

    from_at: Moment = Field(None, description="Start of the period, included.")
    until_at: Moment = Field(None, description="End of the period, not included.")

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        if self.from_at and self.until_at and self.from_at > self.until_at:
            raise ValueError("from_at is after until_at")
        return self


class IataTravel(Period):
    """Travel to airports or metropolitan codes within a period."""

    codes: Codes


class CountryTravel(Period):
    """Travel to countries within a period."""

    countries: Codes


class Filter(StrictModel):
    """One set of criteria: all that are given must hold, any member of a list matches."""

    countries: Codes | None = None
    emergency: StrictBool | None = None
    groups: Words | None = None
    home: Literal["at_home", "away"] | None = None
    last_app_contact_within_hours: Hours | None = None
    area: Annotated[dict[str, Any], AfterValidator(_require_area)] | None = None
    area_match: Literal["inside", "possible"] = "inside"
    tags: Words | None = None
    tags_match: Literal["any", "all"] = "any"
    recipient_type: Literal["people", "facilities"] | None = None
    travelling_now: StrictBool | None = None
    upcoming_travel_to_iata: IataTravel | None = None
    upcoming_travel_to_country: CountryTravel | None = None
    past_travel_to_iata: IataTravel | None = None
    past_travel_to_country: CountryTravel | None = None

    @model_validator(mode="after")
    def _require_a_criterion(self) -> Self:
        if not self.criteria():
            raise ValueError("has no criterion (to reach everybody say everyone: true)")
        return self

    def criteria(self) -> dict[str, Any]:
        """Return the criteria that were given, by name."""
        return {
            name: value
            for name in type(self).model_fields
            if name not in ("area_match", "tags_match")
            and (value := getattr(self, name)) is not None
        }


class Naming(StrictModel):
    """Everything a selection, or its exclusion, can name."""

    everyone: StrictBool = False
    people: tuple[str, ...] = ()
    facilities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    saved_filters: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()

    def names_nothing(self) -> bool:
        """Tell whether nothing at all is named."""
        named = (self.people, self.facilities, self.groups, self.saved_filters, self.filters)
        return not self.everyone and not any(named)


class Selection(Naming):
    """The union of all that is named, minus the union of all that `exclude` names."""

    exclude: Naming = Naming()


KNOWN_KEYS = [*Selection.model_fields, *Filter.model_fields, *IataTravel.model_fields]


def parse_selection(source: str | bytes | dict[str, Any]) -> Selection:
    """Read a selection from JSON text or an already parsed object.

    Raises:
        SelectionError: Not JSON, an unknown key or criterion, a wrong value, or nothing named.
    """
    try:
        named = source if isinstance(source, dict) else parse_json(source)
        selection = Selection.model_validate(named)
    except ValidationError as error:
        raise SelectionError(f"selection: {first_mistake(error, KNOWN_KEYS)}") from error
    except ValueError as error:
        raise SelectionError(f"selection is not valid JSON: {error}") from error
    if selection.names_nothing():
        raise SelectionError("selection names nobody (to reach everybody say everyone: true)")
    return selection
