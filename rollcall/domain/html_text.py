"""The text of an HTML email: its words and lines, what it quotes marked with `> ` as in text."""

import re
from html.parser import HTMLParser
from typing import Final

_SILENT: Final = frozenset({"head", "style", "script", "title", "template"})
_LINES: Final = frozenset(
    {"p", "div", "br", "tr", "li", "table", "ul", "ol", "h1", "h2", "h3", "h4", "pre", "hr",
     "blockquote", "section", "article"}
)  # fmt: skip
_QUOTES: Final = ("gmail_quote", "yahoo_quoted", "moz-cite-prefix", "protonmail_quote")
"""Classes of elements that hold the mail that is answered, or say whose it is."""


def read_html(document: str) -> str:
    """Return what a document says; markup that the parser gives up on is taken for text."""
    try:
        return _read(document)
    except AssertionError:  # html.parser, of a marked section that is none: `<![x[`
        return _read(document.replace("<![", "&lt;!["))


def _read(document: str) -> str:
    reader = _TextReader()
    reader.feed(document)
    reader.close()
    return reader.text()


class _TextReader(HTMLParser):
    """Gathers text; elements that never close end with the document."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[tuple[int, list[str]]] = [(0, [])]
        self._silent_count = 0
        self._open: list[tuple[str, bool]] = []
        self._quote_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _LINES:
            self._break()
        if tag in ("div", "blockquote"):
            is_quote = tag == "blockquote" or _is_quote(dict(attrs).get("class") or "")
            self._open.append((tag, is_quote))
            self._quote_depth += is_quote
            self._break()
        self._silent_count += tag in _SILENT

    def handle_endtag(self, tag: str) -> None:
        if tag in ("div", "blockquote") and any(tag == one for one, _ in self._open):
            closed, is_quote = self._open.pop()
            while closed != tag:
                self._quote_depth -= is_quote
                closed, is_quote = self._open.pop()
            self._quote_depth -= is_quote
        if tag in _LINES:
            self._break()
        if tag in _SILENT and self._silent_count:
            self._silent_count -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent_count:
            self._lines[-1][1].append(re.sub(r"\s+", " ", data))

    def text(self) -> str:
        """Return all lines so far, never two empty ones together."""
        lines = (f"{'> ' * bool(depth)}{''.join(words).strip()}" for depth, words in self._lines)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()

    def _break(self) -> None:
        if any(word.strip() for word in self._lines[-1][1]):
            self._lines.append((self._quote_depth, []))
        else:
            self._lines[-1] = (self._quote_depth, [])


def _is_quote(classes: str) -> bool:
    return any(one in classes.split() for one in _QUOTES)
