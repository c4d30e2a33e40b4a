"""XML from strangers, as a tree.

The standard library's expat, told to refuse what attacks are made of: a document type declaration
ends the reading before any entity is declared, so that none is expanded ("billion laughs") and
nothing outside is fetched. CAP, Atom and RSS 2.0 need none. Depth and number of elements are
bounded, the size is bounded by who fetches.
"""

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from rollcall.errors import SourceError

MAX_DEPTH = 64
"""The formats read here need about ten."""

MAX_ELEMENTS = 500_000
"""A national feed with 500 embedded alerts has some 50,000; each costs about 200 bytes."""


def parse_xml(content: bytes, feed: str) -> Element:
    """Parse a document; names are `{namespace}local` as in ElementTree.

    Raises:
        SourceError: It is not well-formed, declares a document type, or is beyond the bounds.
    """
    try:
        return _TreeParser().parse(content)
    except _RefusedError as exc:
        raise SourceError(f"{feed} is refused: {exc}") from exc
    except expat.ExpatError as exc:
        why = f"{expat.ErrorString(exc.code)}, line {exc.lineno}"
        raise SourceError(f"{feed} is not well-formed XML ({why})") from exc
    except (LookupError, ValueError) as exc:
        raise SourceError(f"{feed} is in an encoding that cannot be read") from exc


def child_text(element: Element, tag: str) -> str | None:
    """Return the text of the first child with this name, stripped; None if missing or empty."""
    return (element.findtext(tag) or "").strip() or None


class _RefusedError(Exception):
    """The document does what no feed needs."""


class _TreeParser:
    """Builds one tree; to be used once."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0
        self._element_count = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._builder.data
        self._parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser.EntityDeclHandler = _refuse_doctype
        self._parser.ExternalEntityRefHandler = _refuse_doctype

    def parse(self, content: bytes) -> Element:
        self._parser.Parse(content, True)
        return self._builder.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._element_count += 1
        if self._depth > MAX_DEPTH:
            raise _RefusedError(f"elements are nested deeper than {MAX_DEPTH}")
        if self._element_count > MAX_ELEMENTS:
            raise _RefusedError(f"it has more than {MAX_ELEMENTS:,} elements")
        self._builder.start(_name(tag), {_name(key): attributes[key] for key in attributes})

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(_name(tag))


def _refuse_doctype(*_: object) -> NoReturn:
    raise _RefusedError("it declares a document type (DOCTYPE), which no feed needs")


def _name(tag: str) -> str:
    return f"{{{tag}" if "}" in tag else tag
