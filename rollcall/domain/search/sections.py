"""All entries of one kind, made ready to be looked through, and the four ranks of what is found.

1. exact: id, email address or telephone number is the text
2. whole: the words of the name are the text's, in any order, or the local part of the email is it
3. beginning: every word of the text begins a word of the name, or a telephone number begins with it
4. somewhere: every piece of the text (what white space separates) occurs in name, id, email or
   telephone number, or all of it in the number
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from rollcall.domain.search.folding import fold_column, split_words
from rollcall.domain.search.phones import drop_calling_codes, key_phones
from rollcall.domain.search.queries import Query
from rollcall.domain.search.sorted_keys import Rows, SortedKeys, mark_all, mark_any
from rollcall.domain.search.texts import Texts


class Kind(StrEnum):
    """What can be added to a selection, in the order in which equals are shown."""

    PERSON = "person"
    FACILITY = "facility"
    GROUP = "group"
    SAVED_FILTER = "saved_filter"


@dataclass(frozen=True, slots=True)
class Found:
    """One entry that was found.

    Attributes:
        kind: What it is.
        id: What a selection names it by; of a group or dynamic filter its name.
        name: What it is called.
        email: Of a person.
        phone: Of a person, E.164.
    """

    kind: Kind
    id: str
    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry with what it is ordered by: rank (0 is best), folded name, id."""

    rank: int
    name_order: str
    found: Found


class Section:
    """Entries of one kind, in the order of name and id; never changes, so any thread may use it.

    Args:
        kind: What they are.
        entries: One row per entry: `id, name, email, phone` (String; the first two never null),
            in any order.
    """

    def __init__(self, kind: Kind, entries: pl.DataFrame) -> None:
        self._kind = kind
        ordered = entries.with_columns(order=fold_column(entries["name"])).sort("order", "id")
        self._entries = ordered.select("id", "name", "email", "phone").rechunk()
        ids, emails = fold_column(ordered["id"]), fold_column(ordered["email"])
        rows = pl.Series(np.arange(len(ordered), dtype=np.uint32))
        self._ids, self._emails = SortedKeys(ids, rows), SortedKeys(emails, rows)
        # a line break is in no folded text, so no piece of one is found across two fields
        texts = ordered["order"] + "\n" + ids + "\n" + emails.fill_null("")
        self._index_names(ordered["order"], rows)
        self._index_phones(key_phones(ordered["phone"]), rows, texts)

    def estimate_bytes(self) -> int:
        """Return about how much memory it takes."""
        keys = (self._ids, self._emails, self._names, self._words, self._phones, self._nationals)
        indexed = sum(part.estimate_bytes() for part in (*keys, self._texts))
        return indexed + int(self._entries.estimated_size())

    def find(self, query: Query, limit: int) -> list[Hit]:
        """Return the best entries in order, at most `limit`."""
        rank_by_row: dict[int, int] = {}
        for rank, rows in enumerate(self._rank_rows(query, limit)):
            for row in rows:
                rank_by_row.setdefault(row, rank)
            if len(rank_by_row) >= limit:
                break
        return [self._make_hit(row, rank) for row, rank in list(rank_by_row.items())[:limit]]

    def name(self, ids: Iterable[str]) -> dict[str, str]:
        """Return what some entries are called, by their ids; without those there are not."""
        wanted = pl.Series(list(ids), dtype=pl.String).implode()
        found = self._entries.filter(pl.col("id").is_in(wanted))
        return dict(found.select("id", "name").iter_rows())

    def _index_names(self, names: pl.Series, rows: pl.Series) -> None:
        listed = pl.DataFrame({"word": split_words(names), "row": rows})
        words = listed.explode("word", empty_as_null=True).drop_nulls().sort("row", "word")
        self._words = SortedKeys(words["word"], words["row"])
        # sorting each list by itself takes six times as long
        sorted_words = words.group_by("row", maintain_order=True).agg(pl.col("word").str.join(" "))
        self._names = SortedKeys(sorted_words["word"], sorted_words["row"])

    def _index_phones(self, phones: pl.Series, rows: pl.Series, texts: pl.Series) -> None:
        self._phones = SortedKeys(phones, rows)
        self._nationals = SortedKeys(drop_calling_codes(phones), rows)
        self._texts = Texts(texts, phones)

    def _rank_rows(self, query: Query, limit: int) -> Iterator[list[int]]:
        """Yield the first rows of each rank, best rank first; one may repeat an earlier one."""
        yield self._first(self._mark_exact(query), limit)
        yield self._first(self._mark_whole(query), limit)
        yield self._first(self._mark_beginning(query), limit)
        yield self._texts.find(query, limit)

    def _mark_exact(self, query: Query) -> npt.NDArray[np.bool_]:
        found = [self._ids.equal(query.folded), self._emails.equal(query.folded)]
        if query.phone:
            found.append(self._phones.equal(query.phone.digits))
            found += [self._nationals.equal(digits) for digits in query.phone.national]
        return mark_any(found, len(self._entries))

    def _mark_whole(self, query: Query) -> npt.NDArray[np.bool_]:
        found = [self._emails.beginning(f"{query.folded}@")]
        if query.words:
            found.append(self._names.equal(query.name_key))
        return mark_any(found, len(self._entries))

    def _mark_beginning(self, query: Query) -> npt.NDArray[np.bool_]:
        found: list[Rows] = []
        if query.phone:
            found.append(self._phones.beginning(query.phone.digits))
            found += [self._nationals.beginning(digits) for digits in query.phone.national]
        marks = mark_any(found, len(self._entries))
        if query.words:
            named = (self._words.beginning(word) for word in query.words)
            marks |= mark_all(named, len(self._entries))
        return marks

    @staticmethod
    def _first(marks: npt.NDArray[np.bool_], limit: int) -> list[int]:
        rows: list[int] = np.flatnonzero(marks)[:limit].tolist()
        return rows

    def _make_hit(self, row: int, rank: int) -> Hit:
        name_order, _, _ = self._texts.text_of(row).partition("\n")
        return Hit(rank, name_order, Found(self._kind, *self._entries.row(row)))
