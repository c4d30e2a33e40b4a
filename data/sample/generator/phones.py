"""Phone numbers that can belong to nobody, each given out once.

Regulators reserve these ranges for films and books, and `phonenumbers` holds all of them to be
valid. (It does not for +44 7700 900xxx, +33 6 39 98 xx xx and Ireland's 020 91x xxxx, so these are
not used.)

* North America: 555-0100 to 555-0199 in every area code, kept for fiction by NANPA
  (ATIS-0300048, 555 NXX Line Number Reference Document).
* United Kingdom: 020 7946 0000 to 0999, "Telephone numbers for use in TV and radio drama
programmes", Ofcom. * Germany: (0)30 23125 000 to 999, "Rufnummern für Medienproduktionen",
Bundesnetzagentur, Mitteilung
  148/2021, Amtsblatt 7/2021.
* France: 01 99 00 00 00 to 99 99, "numéros fictifs pour les œuvres audiovisuelles", ARCEP, décision
2018-0881. * Sweden: 070-174 06 05 to 06 99, "Telefonnummer för användning i böcker och filmer",
PTS.

Japan, Taiwan, Kenya, Brazil, India, Turkey, the Philippines and the Emirates reserve nothing: their
people carry handsets of the organisation with North American numbers.
"""

from random import Random
from typing import Final

_AREA_CODES: Final = (
    *(202, 206, 212, 213, 303, 305, 312, 404, 415, 503),
    *(512, 602, 612, 617, 702, 713, 801, 808, 907, 919),
)

NORTH_AMERICAN: Final = tuple(
    f"+1{area}5550{line}" for area in _AREA_CODES for line in range(100, 200)
)
BRITISH: Final = tuple(f"+44207946{line:04d}" for line in range(1000))
GERMAN: Final = tuple(f"+493023125{line:03d}" for line in range(1000))
FRENCH: Final = tuple(f"+3319900{line:04d}" for line in range(10_000))
SWEDISH: Final = tuple(f"+467017406{line:02d}" for line in range(5, 100))

_RANGES: Final = {"GB": BRITISH, "DE": GERMAN, "FR": FRENCH, "SE": SWEDISH}
_TRUNK_PREFIXES: Final = {"GB": "+44", "DE": "+49", "FR": "+33", "SE": "+46"}


class PhoneBook:
    """Gives out reserved numbers, none twice."""

    def __init__(self, chance: Random) -> None:
        self._pools = {country: _shuffle(chance, numbers) for country, numbers in _RANGES.items()}
        self._north_american = _shuffle(chance, NORTH_AMERICAN)

    def take(self, home_country: str) -> str:
        """Return an unused number in E.164, of the home country if its regulator reserves any."""
        pool = self._pools.get(home_country)
        return pool.pop() if pool else self._north_american.pop()


def write_nationally(number: str, home_country: str) -> str | None:
    """Write an E.164 number as people at home write it (`030…`), None where it is a foreign one."""
    prefix = _TRUNK_PREFIXES.get(home_country)
    if prefix is None or not number.startswith(prefix):
        return None
    return "0" + number.removeprefix(prefix)


def _shuffle(chance: Random, numbers: tuple[str, ...]) -> list[str]:
    return chance.sample(numbers, len(numbers))
