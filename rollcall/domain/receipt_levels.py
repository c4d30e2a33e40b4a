"""In which countries a receipt can prove no more than that the network took the message.

There a handset's receipt does not exist, or is not passed on to those who send from applications: a
provider's "delivered" is the carrier's word. Calling it the handset's would show people as reached
who may not be.
"""

from collections.abc import Collection, Iterable, Mapping

from rollcall.domain.receipts import EvidenceLevel


def read_carrier_only_countries(rows: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """Return the countries (ISO 3166-1 alpha-2) that a table of levels limits to `carrier`.

    Args:
        rows: Of `data/reference/receipt_levels.csv`: at least `country` and `level`.

    Raises:
        ValueError: A row has another level; what is not limited is not listed.
    """
    countries = set()
    for row in rows:
        if row["level"] != "carrier":
            raise ValueError(f"{row['country']}: level {row['level']!r} is not 'carrier'")
        countries.add(row["country"])
    return frozenset(countries)


def limit_level(
    level: EvidenceLevel, country: str | None, carrier_only_countries: Collection[str]
) -> EvidenceLevel:
    """Return how far a receipt can be believed, given where the number is.

    Args:
        level: How far the receipt itself claims to see.
        country: The country of the number; None where it is not known, which limits nothing.
        carrier_only_countries: As `read_carrier_only_countries` returns them.
    """
    return "carrier" if country in carrier_only_countries else level
