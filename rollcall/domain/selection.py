"""Who is meant, as said by the administrator: selections and filters (contract §3, §4)."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from rollcall.domain.strict_json import parse_json
from rollcall.domain.validation_text import first_mistake
from rollcall.errors import SelectionError

Code = Annotated[str, StringConstraints(to_upper=True, strip_whitespace=True, min_length=2)]
Codes = Annotated[tuple[Code, ...], Field(min_length=1)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]


class _Strict(BaseModel):
    """A mistyped key must never be an accidentally wider audience."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _require_geometry(area: dict[str, Any]) -> dict[str, Any]:
    kinds = ("Polygon", "MultiPolygon", "Feature", "FeatureCollection")
    if area.get("type") not in kinds:
        raise ValueError(f"must be a GeoJSON {', '.join(kinds[:-1])} or {kinds[-1]}")
    return area


class _Period(_Strict):
    from_at: AwareDatetime | None = Field(None, description="Start of the period, included.")
    until_at: AwareDatetime | None = Field(None, description="End of the period, not included.")


class IataTravel(_Period):
    """Travel to airports or metropolitan codes within a period."""

    codes: Codes


class CountryTravel(_Period):
    """Travel to countries within a period."""

    countries: Codes


class Filter(_Strict):
    """One set of criteria: all that are given must hold, any member of a list matches."""

    countries: Codes | None = None
    emergency: bool | None = None
    groups: Words | None = None
    home: Literal["at_home", "away"] | None = None
    last_app_contact_within_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    area: Annotated[dict[str, Any], AfterValidator(_require_geometry)] | None = None
    tags: Words | None = None
    tags_match: Literal["any", "all"] = "any"
    recipient_type: Literal["people", "facilities"] | None = None
    travelling_now: bool | None = None
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
            if name != "tags_match" and (value := getattr(self, name)) is not None
        }


class Naming(_Strict):
    """Everything a selection, or its exclusion, can name."""

    everyone: bool = False
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
