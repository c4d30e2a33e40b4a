"""The HTML around a rendered text; the template is `data/templates/email.html.j2`."""

import re
from typing import Final

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError
from jinja2 import TemplateError as JinjaError

from rollcall.domain.languages import find_direction
from rollcall.errors import TemplateError

_BLANK_LINES: Final = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")

_ENVIRONMENT: Final = Environment(
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


class EmailLayout:
    """The HTML frame of every email, compiled; safe to use from several threads."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def render(self, subject: str, text: str, language: str | None) -> str:
        """Lay out a plain text as an HTML document; whatever it holds is escaped.

        Args:
            subject: One line.
            text: Plain text; an empty line starts a paragraph, a line feed stays a line break.
            language: BCP 47 tag of subject and text, which sets `lang` and `dir`.
        """
        variables = {
            "subject": subject,
            "paragraphs": _BLANK_LINES.split(text.strip()),
            "language": language,
            "direction": find_direction(language),
        }
        context = self._template.new_context(variables, shared=True)
        return "".join(self._template.root_render_func(context))


def compile_layout(source: str) -> EmailLayout:
    """Compile the layout and try it once, so that a mistake shows before a message waits for it.

    Unlike what users write, the layout is trusted as code is: it belongs to the operator.

    Args:
        source: Jinja2 source that uses `subject`, `paragraphs` (texts, line feeds in them),
            `language` and `direction`.

    Raises:
        TemplateError: Names the line of a syntax error, or the unknown variable.
    """
    try:
        layout = EmailLayout(_ENVIRONMENT.from_string(source))
        layout.render("Subject", "First\n\nSecond", "en")
    except TemplateSyntaxError as exc:
        raise TemplateError(f"email layout, line {exc.lineno}: {exc.message}") from exc
    except JinjaError as exc:
        raise TemplateError(f"email layout: {exc.message}") from exc
    return layout
