"""Whom a message goes to, as filled in: a selection (docs/contract.md §3, §4)."""

from typing import Any, Literal

from pydantic import ConfigDict

from rollcall.domain.forms.fields import (
    Countries,
    FormPart,
    Names,
    TriState,
    entry,
    moment_entry,
    read_countries,
    read_tri_state,
    said,
)
from rollcall.domain.selection_words import tell_aims


class Travel(FormPart):
    """Bookings to countries or airports within a period; with both, both must be met."""

    model_config = ConfigDict(title="Travel")

    countries: Countries = entry(0, "Countries", "Bookings to any of these.", ())
    airports: Names = entry(1, "Airport or city codes", "IATA codes such as HND or LON.", ())
    from_at: str = moment_entry(2, "From", "Empty: now; of past travel, no start.")
    until_at: str = moment_entry(3, "Until", "Empty: no end; of past travel, now.")

    def to_json(self, direction: Literal["upcoming", "past"]) -> dict[str, Any]:
        """Return the criteria that it stands for; without a place it is one that is refused."""
        period = said(from_at=self.from_at, until_at=self.until_at)
        countries = {"countries": read_countries(self.countries)} | period
        to_countries = {f"{direction}_travel_to_country": countries}
        if not self.airports:
            return to_countries
        to_airports = {f"{direction}_travel_to_iata": {"codes": self.airports} | period}
        return to_airports | (to_countries if self.countries else {})


class FilterForm(FormPart):
    """One set of criteria: all that are filled in must hold, any member of a list matches."""

    model_config = ConfigDict(title="Filter")

    countries: Countries = entry(0, "Where they are", "In any of these countries.", ())
    groups: Names = entry(1, "Groups", "They belong to any of these.", ())
    tags: Names = entry(2, "Tags", "They carry these.", ())
    tags_match: Literal["any", "all"] = entry(3, "Any or all tags", "How many they carry.", "any")
    recipient_type: Literal["both", "people", "facilities"] = entry(
        4, "People or facilities", "What is matched.", "both"
    )
    home: Literal["any", "at home", "away"] = entry(
        5, "At home or away", "Whether they are in their home country.", "any"
    )
    emergency: TriState = entry(6, "Active emergency", "Whether they have reported one.", "any")
    travelling_now: TriState = entry(7, "Travelling now", "A booking is in progress.", "any")
    last_app_contact_within_hours: float = entry(
        8, "App seen within so many hours", "0: never mind.", 0, ge=0
    )
    upcoming_travel: Travel | None = entry(9, "Upcoming travel", "Bookings yet to begin.", None)
    past_travel: Travel | None = entry(10, "Past travel", "Bookings that have ended.", None)
    area: dict[str, Any] = entry(
        11, "Area (GeoJSON)", "Polygon, MultiPolygon or Feature; longitude comes first.", {}
    )
    area_match: Literal["inside", "possible"] = entry(
        12, "How surely in the area", "possible: as far as the position may be off.", "inside"
    )

    def to_json(self) -> dict[str, Any]:
        """Return it as a filter is written (§3)."""
        home = {"any": None, "at home": "at_home", "away": "away"}[self.home]
        travel = self.upcoming_travel.to_json("upcoming") if self.upcoming_travel else {}
        travelled = self.past_travel.to_json("past") if self.past_travel else {}
        return said(
            countries=read_countries(self.countries),
            groups=self.groups,
            tags=self.tags,
            tags_match=self.tags_match if self.tags else None,
            recipient_type=None if self.recipient_type == "both" else self.recipient_type,
            home=home,
            emergency=read_tri_state(self.emergency),
            travelling_now=read_tri_state(self.travelling_now),
            last_app_contact_within_hours=self.last_app_contact_within_hours or None,
            area=self.area,
            area_match=self.area_match if self.area else None,
            **travel,
            **travelled,
        )


class ExclusionForm(FormPart):
    """Who is left out, however they were chosen."""

    model_config = ConfigDict(title="Left out")

    saved_filters: Names = entry(0, "Dynamic filters", "Names of dynamic filters.", ())
    groups: Names = entry(1, "Groups", "Names of groups.", ())
    facilities: Names = entry(2, "Facilities", "Ids of facilities.", ())
    people: Names = entry(3, "People", "Ids of people; no names, no numbers.", ())
    filters: tuple[FilterForm, ...] = entry(4, "Filters", "All of a filter must hold.", ())

    def to_json(self) -> dict[str, Any]:
        """Return what is named, as a selection names it (§4)."""
        return said(
            saved_filters=self.saved_filters,
            groups=self.groups,
            facilities=self.facilities,
            people=self.people,
            filters=[one.to_json() for one in self.filters],
        )


class RecipientsForm(FormPart):
    """Who is meant: everybody whom any of these names, but for those left out."""

    model_config = ConfigDict(title="Recipients")

    saved_filters: Names = entry(0, "Dynamic filters", "Names of dynamic filters.", ())
    groups: Names = entry(1, "Groups", "Names of groups.", ())
    facilities: Names = entry(2, "Facilities", "Ids of facilities, for their contacts.", ())
    people: Names = entry(3, "People", "Ids of people; no names, no numbers.", ())
    filters: tuple[FilterForm, ...] = entry(4, "Filters", "All of a filter must hold.", ())
    everyone: bool = entry(5, "Everyone", "Everybody in the data.", default=False)
    exclude: ExclusionForm | None = entry(6, "Left out", "Who gets nothing all the same.", None)

    def tell(self) -> str:
        """Say in a few words who is meant: names that were given to groups and filters, no ids."""
        return tell_aims(self)

    def to_json(self) -> dict[str, Any]:
        """Return a selection as it is written (§4); empty where nothing is filled in."""
        named = said(
            everyone=self.everyone or None,
            saved_filters=self.saved_filters,
            groups=self.groups,
            facilities=self.facilities,
            people=self.people,
            filters=[one.to_json() for one in self.filters],
        )
        left_out = self.exclude.to_json() if self.exclude else {}
        return named | ({"exclude": left_out} if left_out else {})
