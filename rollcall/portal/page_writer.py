"""Pages as HTML: the member's own, and the few that say why there is none."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.ext import Extension
from markupsafe import Markup, escape

from rollcall.clock import format_instant
from rollcall.domain.member_text import TextProblem
from rollcall.ledger.member_pages import MemberPage
from rollcall.ledger.page_posts import PAGE_POSTS
from rollcall.portal.assets import Assets
from rollcall.portal.catalogues import Catalogue, load_catalogues, write_time
from rollcall.portal.page_texts import TextReader

TEMPLATES: Final = Path(__file__).with_name("templates")

Problem = TextProblem | Literal["often", "stale"]
"""Why what was sent is not taken: its text, too much of it, or a form that was not issued."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a form that was sent, if one was.

    Attributes:
        problem: Why it was not taken.
        text: What was written, to be corrected.
    """

    problem: Problem | None = None
    text: str = ""


NOTHING_SENT: Final = Sent()

_WORDS: Final = re.compile(r'\{\{ _\("([^"]*)"\) \}\}')
"""Where a template says something and nothing else."""


class _Inlined(Extension):
    """Puts the words of one language into the templates as they are compiled.

    Asked for while a page is written, they would cost a third of it.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Return a template in the language of its environment."""
        del name, filename
        say = cast(Callable[[str], str], self.environment.globals["_"])
        return _WORDS.sub(lambda found: str(escape(say(found[1]))), source)


class _Pages(NamedTuple):
    """The templates of one language."""

    page: Template
    notice: Template


class PageWriter:
    """Writes pages; safe to use from several threads.

    Args:
        public_url: Where recipients reach the portal, without a slash at the end.
        organisation: Who runs it.
        assets: Style and script.
    """

    def __init__(self, public_url: str, organisation: str, assets: Assets) -> None:
        self.root = urlsplit(public_url).path
        self._public_url = public_url
        self._organisation = organisation
        known = {
            "root": self.root,
            "organisation": organisation,
            "style": assets.name_of("page.css"),
            "script": assets.name_of("page.js"),
            "icon": assets.name_of("icon.svg"),
        }
        self._pages = {
            language: _compile(catalogue, known)
            for language, catalogue in load_catalogues().items()
        }

    def url_of(self, token: str) -> str:
        """Return the path of a member's page, as browsers see it."""
        return f"{self.root}/c/{token}"

    def write_page(
        self, member: MemberPage, token: str, nonce: str, language: str, skip: int, sent: Sent
    ) -> str:
        """Return the page of a member.

        Args:
            member: What they may see.
            token: Of their link; it fits the alphabet of tokens, since it was found.
            nonce: For the forms.
            language: What the page's own words are in.
            skip: How many of the newest posts were left out.
            sent: What came of a form.
        """
        link = f"{self._public_url}/c/{token}"
        reader = TextReader(member, language, self._organisation, link)
        return self._pages[language].page.render(
            url=self.url_of(token),
            nonce=nonce,
            version=member.version,
            title=reader.title,
            asks=member.ok_request,
            answer=member.answer,
            answered_at=member.answered_at,
            posts=[reader.read_post(one) for one in member.posts],
            has_older=member.has_older,
            skip=skip,
            older=skip + PAGE_POSTS,
            takes_replies=member.kind == "chat",
            members_see_replies=member.members_see_replies,
            problem=sent.problem,
            text=sent.text,
        )

    def write_notice(
        self,
        language: str,
        status: HTTPStatus,
        url: str = "",
        fields: Iterable[tuple[str, str]] = (),
    ) -> str:
        """Return a page that says why there is none; the same for everybody.

        Args:
            language: In which language.
            status: What it is answered with.
            url: Where a form goes that was not saved.
            fields: What it held, to be sent again.
        """
        notice = self._pages[language].notice
        return notice.render(status=int(status), url=url, fields=fields)


def _compile(catalogue: Catalogue, known: dict[str, Any]) -> _Pages:
    """Compile the templates in one language."""
    language = catalogue.language
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=[_Inlined],
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.globals |= known | {
        "language": language,
        "direction": catalogue.direction,
        "_": catalogue.say,
        "when": lambda moment: _write_moment(moment.replace(second=0, microsecond=0), language),
    }
    page, notice = map(environment.get_template, ("page.html.j2", "notice.html.j2"))
    return _Pages(page, notice)


@lru_cache(maxsize=4096)
def _write_moment(moment: datetime, language: str) -> Markup:
    """Write a moment for a script too, which tells it in the reader's own time zone."""
    words = write_time(moment, language)
    return Markup('<time datetime="{}">{}</time>').format(format_instant(moment), words)
