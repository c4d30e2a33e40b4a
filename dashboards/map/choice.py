"""The area that somebody chooses on a page: drawn on its map, or said beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards.map.component import show_map
from dashboards.overview.areas import join_areas, read_area
from dashboards.texts import literal
from rollcall.errors import InputError


@dataclass(frozen=True, slots=True)
class MarkedArea:
    """The area that is looked at.

    Attributes:
        told: What it is, for people; plain text.
        area: GeoJSON, as the criterion `area` takes it.
        is_drawn: The map shows it by itself.
    """

    told: str
    area: dict[str, Any]
    is_drawn: bool


class AreaChoice:
    """One session's choice on one page; of what is drawn and what is said the later counts.

    Args:
        key: The page's own: it begins the names of all that is kept of the choice. The map's
            component is `{key}_map`.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def find(self) -> MarkedArea | None:
        """Return the area that is chosen."""
        marked: MarkedArea | None = self._get("area")
        return marked

    def say(self, told: str, area: dict[str, Any]) -> None:
        """Choose an area that is not drawn; what is drawn goes. For callbacks."""
        self._put("area", MarkedArea(told, area, is_drawn=False))
        self._wipe()

    def forget(self) -> None:
        """Choose none; what is drawn goes. For callbacks."""
        self._put("area", None)
        self._wipe()

    def show_map(self, mark: str, known: Sequence[dict[str, Any]] = ()) -> None:
        """Show the map, and take over what is drawn on it.

        Args:
            mark: Of the picture; see `dashboards.map.component.show_map`.
            known: Areas that are marked besides, whatever is chosen: GeoJSON.
        """
        marked = self.find()
        said = [marked.area] if marked and not marked.is_drawn else []
        shown = join_areas([*known, *said])
        drawn = show_map(mark, shown, key=f"{self.key}_map", wiped=self._get("wiped") or 0)
        if self._note_drawn(drawn) and said:
            st.rerun()  # the map still shows the area that does not count any more
        if mistake := self._get("drawing_mistake"):
            st.error(literal(mistake))

    def _note_drawn(self, drawn: dict[str, Any] | None) -> bool:
        """Take over what is drawn, if that is another than before; returns whether it counts."""
        if drawn == self._get("drawn"):
            return False
        self._put("drawn", drawn)
        self._put("drawing_mistake", None)
        try:
            area = read_area(drawn)
        except InputError as error:
            self._put("area", None)
            self._put("drawing_mistake", str(error))
            return True
        if area is None:
            self._note_nothing_drawn(is_new_map=drawn is None)
            return False
        self._put("area", MarkedArea("as drawn on the map", area, is_drawn=True))
        return True

    def _note_nothing_drawn(self, *, is_new_map: bool) -> None:
        """Forget an area whose drawing was taken away; a new map shows it as if it was said."""
        marked = self.find()
        if marked is None or not marked.is_drawn:
            return
        kept = MarkedArea(marked.told, marked.area, is_drawn=False) if is_new_map else None
        self._put("area", kept)
        if kept:
            st.rerun()

    def _wipe(self) -> None:
        """Have the map take away what is drawn; it tells so afterwards."""
        self._put("wiped", (self._get("wiped") or 0) + 1)
        self._put("drawing_mistake", None)

    def _get(self, name: str) -> Any:
        return st.session_state.get(f"{self.key}_{name}")

    def _put(self, name: str, kept: object) -> None:
        st.session_state[f"{self.key}_{name}"] = kept
