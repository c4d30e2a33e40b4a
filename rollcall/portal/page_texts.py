"""What administrators wrote, as one member reads it: in their language, filled in for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from markupsafe import Markup

from rollcall.domain.languages import choose_language, find_direction
from rollcall.domain.template_variables import (
    LINK_VARIABLE,
    TEXT_VARIABLES,
    MessageVariables,
    RecipientVariables,
    fold_line,
    gather_variables,
)
from rollcall.domain.templates import CompiledTemplate, compile_template
from rollcall.errors import TemplateError
from rollcall.ledger.member_pages import MemberPage
from rollcall.ledger.page_posts import PagePost

_MARKS = ("{{", "{%", "{#")
"""What a text has in it that is to be filled in."""


@dataclass(frozen=True, slots=True)
class PageText:
    """A text, and the language that it is in, if that is known."""

    text: str
    language: str | None

    @property
    def attributes(self) -> Markup:
        """Return HTML's `lang` and `dir`."""
        direction = find_direction(self.language)
        if self.language is None:
            return Markup(' dir="{}"').format(direction)
        return Markup(' lang="{}" dir="{}"').format(self.language, direction)


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A post as a page shows it."""

    told: PageText
    name: str | None
    is_mine: bool
    written_at: datetime

    @property
    def text(self) -> str:
        """Return what was written."""
        return self.told.text

    @property
    def attributes(self) -> Markup:
        """Return HTML's `lang` and `dir`."""
        return self.told.attributes


class TextReader:
    """Reads the texts of one conversation for one member.

    Args:
        member: Whose page it is.
        language: In which language they are to read; BCP 47.
        organisation: Whom messages come from.
        link: Their personal link.
    """

    def __init__(self, member: MemberPage, language: str, organisation: str, link: str) -> None:
        self._member = member
        self._language = member.language or language
        self._organisation = organisation
        self._link = link
        self.title = self._fill(self._choose(member.title, member.titles), None)

    def read_post(self, post: PagePost) -> ShownPost:
        """Return a post; what members wrote stays as they wrote it."""
        is_mine = post.person_id == self._member.person_id
        told = PageText(post.text, None)
        if post.person_id is None:
            told = self._fill(self._choose(post.text, post.translations), self.title.text)
        return ShownPost(told, post.name, is_mine, post.written_at)

    def _choose(self, text: str, translations: Mapping[str, str]) -> PageText:
        own = self._member.chat_language
        available = frozenset(translations) | ({own} if own else frozenset())
        found = choose_language(self._language, available)
        if found is None or found not in translations:
            return PageText(text, own)
        return PageText(translations[found], found)

    def _fill(self, told: PageText, subject: str | None) -> PageText:
        """Fill in what was filled in when it was sent; what is no template stays as it is."""
        template = _compile(told.text) if any(mark in told.text for mark in _MARKS) else None
        if template is None:
            return told
        member = self._member
        recipient = RecipientVariables(
            member.name, member.language, member.country, member.home_country
        )
        message = MessageVariables(member.opened_at.date(), self._organisation)
        values = gather_variables(recipient, message, told.language)
        values |= {LINK_VARIABLE: self._link} | ({"subject": subject} if subject else {})
        try:
            filled = template.render(values).strip()
        except TemplateError:
            return told
        return PageText(fold_line(filled) if subject is None else filled, told.language)


@lru_cache(maxsize=1_000)
def _compile(source: str) -> CompiledTemplate | None:
    """Compile a text once for all members; None for one that only looks like a template."""
    try:
        return compile_template(source, TEXT_VARIABLES | {LINK_VARIABLE})
    except TemplateError:
        return None
