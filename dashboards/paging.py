"""Pages of a list whose end is not known: on and back by marks, which cost the ledger the same."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import streamlit as st

T = TypeVar("T")


class Pages(Generic[T]):
    """Where somebody is in a list.

    Args:
        key: What the list is called in this session.
        asked: What it is of; with another one, one begins at its first page.
        size: Rows on a page.
    """

    def __init__(self, key: str, asked: object, size: int) -> None:
        self._key = f"pages_{key}"
        self.size = size
        kept = st.session_state.get(self._key)
        if kept is None or kept["asked"] != asked:
            st.session_state[self._key] = {"asked": asked, "marks": []}

    @property
    def _marks(self) -> list[Any]:
        marks: list[Any] = st.session_state[self._key]["marks"]
        return marks

    def read(self, read: Callable[[int, Any], list[T]]) -> list[T]:
        """Return the rows of this page.

        Args:
            read: Takes how many rows at most, and the mark of the last row before, or None.
        """
        self._rows = read(self.size + 1, self._marks[-1] if self._marks else None)
        return self._rows[: self.size]

    def show(self, mark_of: Callable[[T], Any], what: str) -> None:
        """Show where one is, and the way on and back.

        Args:
            mark_of: Returns the mark of a row.
            what: What the rows are, in the plural.
        """
        has_more = len(self._rows) > self.size
        if not self._marks and not has_more:
            return
        first = len(self._marks) * self.size + 1
        told = f"{first:,} to {first + min(len(self._rows), self.size) - 1:,}"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Previous {what}",
                key=f"{self._key}_back",
                disabled=not self._marks,
                on_click=self._go_back,
            )
            st.button(
                f"Next {what}",
                key=f"{self._key}_on",
                disabled=not has_more,
                on_click=self._go_on,
                args=(mark_of(self._rows[self.size - 1]) if has_more else None,),
            )
            st.markdown(told)

    def _go_on(self, mark: Any) -> None:
        self._marks.append(mark)

    def _go_back(self) -> None:
        if self._marks:
            self._marks.pop()
