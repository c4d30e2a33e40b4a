"""How long does the quick add search take at a million people?

    python -m benchmarks.find

Makes a million people and 2,000 facilities (seeded), builds the index in this process, and asks 200
varied questions ten times, in a new order each time: beginnings and middles of names, two words,
addresses, numbers with and without calling code, ids, words that are everywhere, typing mistakes
that nobody has. Beside it, as ratios: the same question put to the same people as a scan in plain
Python and in pandas; both only look for the text's words in one lower case string per person,
without ranks or order.
"""

import gc
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import polars as pl

from rollcall.domain.search.folding import fold_text
from rollcall.domain.search.index import SearchIndex

PEOPLE_COUNT = 1_000_000
FACILITY_COUNT = 2_000
QUESTION_COUNT = 200
ROUNDS = 10
SCANNED_QUESTIONS = 10
"""Of the slow ways: they take the same time for each."""

SYLLABLES = [
    *("an", "be", "ca", "do", "el", "fi", "go", "ha", "il", "jo", "ka", "li", "mo", "ne", "ol"),
    *("pa", "ra", "si", "ta", "ul", "va", "we", "xe", "yo", "za", "är", "ös", "åk", "éa", "ña"),
]
CJK = "山田太郎佐藤花子王李張伟芳김이박"
CALLING_CODES = ("4670", "4479", "8190", "1202", "3361")


def main() -> None:
    """Generate, build, measure, compare, print."""
    chance = random.Random(20261123)  # noqa: S311 - data, not secrets
    people = draw_people(chance)
    ids = [f"f{number}" for number in range(FACILITY_COUNT)]
    facilities = pl.DataFrame(
        {"facility_id": ids, "name": [f"{draw_name(chance)} office" for _ in ids]}
    )
    questions = draw_questions(chance, people)
    gc.collect()
    before_mb = resident_mb()
    started = time.perf_counter()
    index = SearchIndex(people, facilities, ["staff", "crisis team"], ["Japan now"])
    print(f"{'build the index':<44} {time.perf_counter() - started:9.2f} s")
    print(f"{'its own tables':<44} {index.estimate_bytes() / 1e6:9.0f} MB")
    index.find("warm")
    print(f"{'memory of the process, more than before':<44} {resident_mb() - before_mb:9.0f} MB")
    answer_ms = median_of(report_index(index, questions, chance))
    report_scans(people, questions[:SCANNED_QUESTIONS], answer_ms)


def report_index(
    index: SearchIndex, questions: list[tuple[str, str]], chance: random.Random
) -> dict[str, list[float]]:
    """Ask the index; print figures of every kind of question; return times in ms by kind."""
    times_ms: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for kind, text in chance.sample(questions, len(questions)):
            taken_ms = measure_ms(partial(index.find, text))
            times_ms.setdefault(kind, []).append(taken_ms)
    for kind in sorted(times_ms):
        report(kind, times_ms[kind])
    report("all questions", [taken for kind in times_ms.values() for taken in kind])
    return times_ms


def report(what: str, times_ms: list[float]) -> None:
    """Print the median, the 95th percentile and the slowest."""
    p95_ms = statistics.quantiles(times_ms, n=20)[-1]
    median_ms = statistics.median(times_ms)
    print(f"{what:<44} {median_ms:9.1f} ms, p95 {p95_ms:6.1f}, slowest {max(times_ms):6.1f}")


def report_scans(people: pl.DataFrame, questions: list[tuple[str, str]], answer_ms: float) -> None:
    """Ask plain Python and pandas."""
    joined = people.select(
        pl.concat_str(pl.all(), separator="\n").str.normalize("NFKD").str.to_lowercase()
    ).to_series()
    texts, column = joined.to_list(), pd.Series(joined.to_list())

    asked = [fold_text(text).split() for _, text in questions]
    scans: dict[str, Callable[[list[str]], object]] = {
        "plain Python": lambda words: scan_plainly(texts, words),
        "pandas": lambda words: scan_with_pandas(column, words),
    }
    for name, scan in scans.items():
        taken_ms = statistics.median(measure_ms(partial(scan, words)) for words in asked)
        ratio = taken_ms / answer_ms
        print(f"{f'scan in {name}':<44} {taken_ms:9.1f} ms {ratio:6.1f} x the index's median")


def scan_plainly(texts: list[str], words: list[str]) -> list[int]:
    """Return the rows that hold all words."""
    return [row for row, text in enumerate(texts) if all(word in text for word in words)]


def scan_with_pandas(column: "pd.Series[str]", words: list[str]) -> "pd.Series[str]":
    """Return the texts that hold all words."""
    found = pd.Series(data=True, index=column.index)
    for word in words:
        found &= column.str.contains(word, regex=False)
    return column[found]


def draw_people(chance: random.Random) -> pl.DataFrame:
    """Return `person_id, name, email, phone`; one in 50 has a name in Chinese characters."""
    first = [draw_word(chance) for _ in range(3_000)]
    last = [draw_word(chance) for _ in range(40_000)]
    names = [
        "".join(chance.choices(CJK, k=3))
        if number % 50 == 0
        else f"{chance.choice(first)} {chance.choice(last)}"
        for number in range(PEOPLE_COUNT)
    ]
    return pl.DataFrame(
        {
            "person_id": [f"E{number:07}" for number in range(PEOPLE_COUNT)],
            "name": names,
            "email": [
                f"{name.replace(' ', '.').lower()}{number % 1000}@example.org"
                for number, name in enumerate(names)
            ],
            "phone": [
                f"+{chance.choice(CALLING_CODES)}{chance.randrange(10**7):07}" for _ in names
            ],
        }
    )


def draw_word(chance: random.Random) -> str:
    """Return something like a name."""
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).title()


def draw_name(chance: random.Random) -> str:
    """Return something like a place."""
    return f"{draw_word(chance)} {draw_word(chance)}"


def draw_questions(chance: random.Random, people: pl.DataFrame) -> list[tuple[str, str]]:
    """Return kinds of questions with a text each, in no order."""
    asks: dict[str, Callable[[str, str, str, str], str]] = {
        "id": lambda person_id, *_: person_id.lower(),
        "part of an id": lambda person_id, *_: person_id[3:7],
        "name": lambda _id, name, *_: name,
        "words of a name, other order": lambda _id, name, *_: " ".join(name.split()[::-1]),
        "beginning of a name": lambda _id, name, *_: name[: chance.randint(1, 5)],
        "beginnings of two words": lambda _id, name, *_: " ".join(w[:2] for w in name.split()),
        "middle of a name": lambda _id, name, *_: name[2:6],
        "email": lambda _id, _name, email, _phone: email.upper(),
        "local part": lambda _id, _name, email, _phone: email.split("@")[0],
        "number": lambda *person: person[3],
        "number without calling code": lambda *person: f"0{person[3][3:5]}-{person[3][5:]}",
        "beginning of a number": lambda *person: f"0{person[3][3:6]} {person[3][6:8]}",
        "name and part of a number": lambda *person: f"{person[1][:2]} {person[3][-3:]}",
        "word of all and mistake": lambda _id, name, *_: f"example.org {name[:3]}qq",
        "mistake": lambda _id, name, *_: f"{name[:4]}zq",
        "two mistakes": lambda _id, name, *_: f"{name[:2]}qx {name[-2:]}wq",
    }
    kinds = [kind for kind in asks for _ in range(QUESTION_COUNT // len(asks) + 1)]
    rows = people.sample(len(kinds), seed=1).rows()
    questions = [(kind, asks[kind](*row)) for kind, row in zip(kinds, rows, strict=True)]
    return chance.sample(questions, QUESTION_COUNT)


def resident_mb() -> float:
    """Return the resident memory of this process (Linux)."""
    status = Path("/proc/self/status").read_text("utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def measure_ms(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def median_of(times_ms: dict[str, list[float]]) -> float:
    """Return the median of all."""
    return statistics.median([taken for kind in times_ms.values() for taken in kind])


if __name__ == "__main__":
    main()
