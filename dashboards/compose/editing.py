"""One filter of a draft while its fields are changed.

Each field changes its own criterion and no other. What a filter said when this session last looked
is kept in the session: two quick changes follow one another, and what another window has changed
meanwhile is not overwritten unseen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards.compose.composition import Composition
from rollcall.domain.draft_recipients import Criteria, Side, change_filter, list_filters
from rollcall.domain.drafts import read_path, set_value


@dataclass(frozen=True, slots=True)
class FilterEditing:
    """A filter and how its fields change it.

    Attributes:
        composition: The draft.
        side: Of which side it is.
        index: Its place there.
    """

    composition: Composition
    side: Side
    index: int

    @property
    def criteria(self) -> Criteria:
        """Return what it says, as this session knows it."""
        return _known(self.composition, self.side)[self.index]

    def get(self, *path: str) -> Any:
        """Return what stands at a path of keys; None where there is nothing."""
        return read_path(self.criteria, path)

    def key(self, name: str) -> str:
        """Return the key of a field; another one once another window has changed the filters."""
        generation = st.session_state[_state(self.composition, self.side)]["generation"]
        return self.composition.key(f"{self.side}_{self.index}_{generation}_{name}")

    def set(self, path: tuple[str, ...], value: Any) -> bool:
        """Put a value at a path of keys; None takes it away. For callbacks."""

        def change(criteria: Criteria) -> Criteria:
            return set_value(criteria, path, value)

        known = _known(self.composition, self.side)
        seen = known[self.index]
        if not self.composition.edit(change_filter(self.side, self.index, seen, change)):
            return False
        known[self.index] = change(seen)
        return True

    def take(self, path: tuple[str, ...], key: str, read: Callable[[Any], Any]) -> None:
        """Put what a field holds at a path of keys; for its callback.

        Args:
            path: Where to.
            key: Of the field.
            read: Returns what the criterion says for it; None: the criterion is not used.
        """
        self.set(path, read(st.session_state.get(key)))


def open_filters(composition: Composition, side: Side) -> list[FilterEditing]:
    """Return the filters of a side, as they are in the draft that the page shows."""
    state = _state(composition, side)
    known = st.session_state.get(state)
    now = list_filters(composition.body, side)
    if known is None or known["filters"] != now:
        generation = known["generation"] + 1 if known else 0
        st.session_state[state] = {"filters": now, "generation": generation}
    return [FilterEditing(composition, side, index) for index in range(len(now))]


def _known(composition: Composition, side: Side) -> list[Criteria]:
    known: list[Criteria] = st.session_state[_state(composition, side)]["filters"]
    return known


def _state(composition: Composition, side: Side) -> str:
    return composition.key(f"filters_{side}")
