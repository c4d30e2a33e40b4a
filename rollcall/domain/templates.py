"""Users' templates: checked and compiled once, rendered for every recipient."""

import re
import unicodedata
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from jinja2 import Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rollcall.domain.template_grammar import check_tree
from rollcall.errors import TemplateError

MAX_RENDERED_CHARS: Final = 30_000
"""The longest source (20,000) and what variables add. Beyond it a mail of three octets a character
nears the 102 KB at which Gmail cuts."""

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""Neither tab nor line feed. PostgreSQL stores no NUL, mail and HTML allow none of them."""


def _build_environment() -> ImmutableSandboxedEnvironment:
    """Build Jinja2 with nothing in it but `default`; the sandbox is a second wall."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters = {"default": environment.filters["default"]}
    environment.tests = {}
    environment.globals = {}
    return environment


_ENVIRONMENT: Final = _build_environment()


class CompiledTemplate:
    """One template that has passed the allow-list; safe to use from several threads.

    Attributes:
        variables: The names it uses.
    """

    def __init__(self, tree: nodes.Template) -> None:
        self.variables: Final = frozenset(name.name for name in tree.find_all(nodes.Name))
        self._template: Template = _ENVIRONMENT.from_string(tree)

    def render(self, variables: Mapping[str, str]) -> str:
        """Fill in the variables; one that is absent prints as nothing and is false in a condition.

        `Template.render` builds a context from globals, which are empty here; the two documented
        low-level calls skip that and are twice as fast.

        Args:
            variables: Name to value; a value is printed as it is.

        Raises:
            TemplateError: The outcome is longer than `MAX_RENDERED_CHARS`.
        """
        context = self._template.new_context(dict(variables), shared=True)
        rendered = "".join(self._template.root_render_func(context))
        if len(rendered) > MAX_RENDERED_CHARS:
            raise TemplateError(
                f"comes out at {len(rendered):,} characters for one recipient; "
                f"{MAX_RENDERED_CHARS:,} are allowed"
            )
        return rendered


def compile_template(source: str, variables: AbstractSet[str]) -> CompiledTemplate:
    """Check a user's template (`template_grammar`) and compile the very tree that was checked.

    Control characters other than tab and line feed are dropped, line ends become line feeds, and
    letters typed as two (`e` and an accent, as macOS writes file names) one: GSM-7 has only `é`.

    Args:
        source: What the user wrote.
        variables: The names that exist.

    Raises:
        TemplateError: Names the line and what is wrong with it.
    """
    cleaned = _clean_source(source)
    tree = _parse(cleaned)
    check_tree(tree, variables)
    return CompiledTemplate(tree)


def _clean_source(source: str) -> str:
    try:
        source.encode()
    except UnicodeEncodeError as exc:
        line = source.count("\n", 0, exc.start) + 1
        raise TemplateError(f"line {line}: half of a surrogate pair is no character") from exc
    lines = unicodedata.normalize("NFC", source).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", lines)


def _parse(source: str) -> nodes.Template:
    try:
        return _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as exc:
        raise TemplateError(f"line {exc.lineno}: {exc.message}") from exc
    except RecursionError as exc:
        raise TemplateError("nested too deeply to be read") from exc
    except ValueError as exc:  # Python refuses to read an integer of more than 4,300 digits
        raise TemplateError("holds a number that is too long to be read") from exc
