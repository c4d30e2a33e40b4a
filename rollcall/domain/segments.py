"""How many SMS a text takes, and which of its characters make it dearer.

The tables and sizes are those of 3GPP TS 23.038 §6.2.1 (the GSM 7 bit default alphabet and its
extension table) and TS 23.040 §9.2.3.24.1 (concatenation: a six octet header takes seven septets,
or three UCS-2 units, of every part). The national shift tables of TS 23.038 annex A are left out:
gateways seldom send them and handsets seldom read them.
"""

import math
import re
from typing import Final, Literal, NamedTuple

SmsEncoding = Literal["GSM-7", "UCS-2"]

ESCAPE: Final = "\x1b"
"""Stands before a character of the extension table; it is no character of its own."""

BASIC_CHARACTERS: Final = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
"""TS 23.038 §6.2.1, in its order, without the escape: one septet each."""

EXTENSION_CHARACTERS: Final = "\f^{}\\[~]|€"
"""TS 23.038 §6.2.1.1: two septets each, the escape and a second one."""

SINGLE_GSM_SEPTETS: Final = 160
PART_GSM_SEPTETS: Final = 153
SINGLE_UCS2_UNITS: Final = 70
PART_UCS2_UNITS: Final = 67
"""What fits in one SMS of 140 octets, alone or as a part of several."""

_GSM_TEXT: Final = re.compile(f"[{re.escape(BASIC_CHARACTERS + EXTENSION_CHARACTERS)}]*")
_NOT_GSM: Final = re.compile(f"[^{re.escape(BASIC_CHARACTERS + EXTENSION_CHARACTERS)}]")
_EXTENSION: Final = re.compile(f"[{re.escape(EXTENSION_CHARACTERS)}]")
_SURROGATE_LEADS: Final = range(0xD8, 0xDC)


class SmsSize(NamedTuple):
    """What a text takes as SMS.

    Attributes:
        encoding: `GSM-7` if every character is in the GSM tables, else `UCS-2`.
        units: Septets (GSM-7) or UTF-16 code units (UCS-2) of the text, headers not counted.
        segments: SMS that are sent, and usually billed; 0 for the empty text.
    """

    encoding: SmsEncoding
    units: int
    segments: int


def count_segments(text: str) -> SmsSize:
    """Size a text; a pair (escape or surrogate) never falls apart between two parts."""
    if _GSM_TEXT.fullmatch(text):
        return _size_gsm(text)
    return _size_ucs2(text)


def non_gsm_characters(text: str) -> list[str]:
    """List the characters that make a text UCS-2, each once, in the order of the text.

    Typographic quotes and dashes pasted from a word processor are the usual ones; one of them cuts
    the room from 160 to 70.
    """
    return list(dict.fromkeys(_NOT_GSM.findall(text)))


def _size_gsm(text: str) -> SmsSize:
    septets = _EXTENSION.sub(lambda found: ESCAPE + found[0], text)
    units = len(septets)
    if units <= SINGLE_GSM_SEPTETS:
        return SmsSize("GSM-7", units, min(units, 1))
    pair_starts: set[int] = set()
    if units != len(text):
        pair_starts = {index for index, septet in enumerate(septets) if septet == ESCAPE}
    return SmsSize("GSM-7", units, _count_parts(units, PART_GSM_SEPTETS, pair_starts))


def _size_ucs2(text: str) -> SmsSize:
    octets = text.encode("utf-16-be", errors="surrogatepass")
    units = len(octets) // 2
    if units <= SINGLE_UCS2_UNITS:
        return SmsSize("UCS-2", units, 1)
    pair_starts: set[int] = set()
    if units != len(text):
        leads = enumerate(octets[::2])
        pair_starts = {index for index, octet in leads if octet in _SURROGATE_LEADS}
    return SmsSize("UCS-2", units, _count_parts(units, PART_UCS2_UNITS, pair_starts))


def _count_parts(units: int, part_units: int, pair_starts: set[int]) -> int:
    """Cut greedily, one unit earlier wherever the cut would part a pair."""
    if not pair_starts:
        return math.ceil(units / part_units)
    parts, start = 0, 0
    while start < units:
        start += part_units
        start -= (start - 1) in pair_starts and start < units
        parts += 1
    return parts
