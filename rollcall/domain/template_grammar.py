"""What users may write in a template, as a list of what is allowed on Jinja2's syntax tree.

    text                          {{ variable }}
    {{ variable | default("…") }}  {% if … %} {% elif … %} {% else %} {% endif %}

and in a condition: a variable, `not`, `and`, `or`, and a variable `==` or `!=` a text in quotes.
What is not on this list is refused, so a new feature of Jinja2 is refused too. Without loops and
calls, rendering takes time and room in proportion to the template. Jinja2's lexer drops comments
and turns `{% raw %}` into text before there is a tree; both do no harm.
"""

import re
from collections.abc import Set as AbstractSet
from typing import Final

from jinja2 import nodes

from rollcall.errors import TemplateError

MAX_DEPTH: Final = 40
"""Nesting of `if` and of conditions. People stay under 5; Python refuses the generated code at
about 100."""

_NAMES_OF_NODES: Final[dict[type[nodes.Node], str]] = {
    nodes.For: "a loop ({% for %})",
    nodes.Assign: "{% set %}",
    nodes.AssignBlock: "{% set %}",
    nodes.Include: "{% include %}",
    nodes.Import: "{% import %}",
    nodes.FromImport: "{% from %}",
    nodes.Extends: "{% extends %}",
    nodes.Block: "{% block %}",
    nodes.Macro: "{% macro %}",
    nodes.CallBlock: "{% call %}",
    nodes.FilterBlock: "{% filter %}",
    nodes.With: "{% with %}",
    nodes.Call: "a call (…)",
    nodes.Getattr: "an attribute (a.b)",
    nodes.Getitem: "a subscript (a[b])",
    nodes.Slice: "a subscript (a[b])",
    nodes.Filter: "a filter in a condition",
    nodes.Test: "a test (is …)",
    nodes.CondExpr: "an if inside of {{ }}",
    nodes.Concat: "joining with ~",
    nodes.BinExpr: "arithmetic",
    nodes.UnaryExpr: "arithmetic",
    nodes.Not: "a condition inside of {{ }}",
    nodes.And: "a condition inside of {{ }}",
    nodes.Or: "a condition inside of {{ }}",
    nodes.Compare: "a condition inside of {{ }}",
    nodes.Literal: "a constant in place of a variable",
}

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
"""What an escape in a quoted text could smuggle in: controls but tab and line feed, halves of
surrogate pairs."""

_ALLOWED: Final = 'allowed are text, {{ variable }}, {{ variable | default("…") }} and {% if %}'


def check_tree(tree: nodes.Template, variables: AbstractSet[str]) -> None:
    """Refuse everything but the subset of this module.

    Args:
        tree: A parsed template; not changed.
        variables: The names that exist.

    Raises:
        TemplateError: Names the line and what is not allowed there, or the unknown variable and
            those that exist.
    """
    _check_body(tree.body, variables, depth=0)


def _check_body(body: list[nodes.Node], variables: AbstractSet[str], depth: int) -> None:
    for node in body:
        _check_depth(node, depth)
        if isinstance(node, nodes.Output):
            for part in node.nodes:
                _check_output(part, variables)
        elif isinstance(node, nodes.If):
            _check_if(node, variables, depth + 1)
        else:
            raise _refuse(node)


def _check_if(branch: nodes.If, variables: AbstractSet[str], depth: int) -> None:
    _check_condition(branch.test, variables, depth)
    _check_body(branch.body, variables, depth)
    for other in branch.elif_:
        _check_if(other, variables, depth)
    _check_body(branch.else_, variables, depth)


def _check_output(part: nodes.Expr, variables: AbstractSet[str]) -> None:
    if isinstance(part, nodes.Filter):
        _check_filter(part, variables)
    elif not isinstance(part, nodes.TemplateData):
        _check_variable(part, variables)


def _check_filter(use: nodes.Filter, variables: AbstractSet[str]) -> None:
    if use.name != "default":
        raise TemplateError(
            f"line {use.lineno}: the filter {use.name!r} is not allowed; {_ALLOWED}"
        )
    has_options = use.kwargs or use.dyn_args is not None or use.dyn_kwargs is not None
    if has_options or len(use.args) != 1 or not _is_text(use.args[0]):
        raise TemplateError(
            f"line {use.lineno}: default takes one text in quotes, "
            'as in {{ name | default("colleague") }}'
        )
    if isinstance(use.node, nodes.Filter):
        raise TemplateError(f"line {use.lineno}: a second filter is not allowed; {_ALLOWED}")
    _check_variable(use.node, variables)


def _check_variable(node: nodes.Node | None, variables: AbstractSet[str]) -> None:
    if not isinstance(node, nodes.Name):
        raise _refuse(node)
    if node.name not in variables:
        known = ", ".join(sorted(variables))
        raise TemplateError(
            f"line {node.lineno}: no variable is called {node.name!r}; there are {known}"
        )


def _check_condition(test: nodes.Node, variables: AbstractSet[str], depth: int) -> None:
    _check_depth(test, depth)
    if isinstance(test, nodes.Not):
        _check_condition(test.node, variables, depth + 1)
    elif isinstance(test, nodes.And | nodes.Or):
        _check_condition(test.left, variables, depth + 1)
        _check_condition(test.right, variables, depth + 1)
    elif isinstance(test, nodes.Compare):
        _check_comparison(test, variables)
    else:
        _check_variable(test, variables)


def _check_comparison(comparison: nodes.Compare, variables: AbstractSet[str]) -> None:
    _check_variable(comparison.expr, variables)
    is_plain = len(comparison.ops) == 1 and comparison.ops[0].op in {"eq", "ne"}
    if not is_plain or not _is_text(comparison.ops[0].expr):
        raise TemplateError(
            f"line {comparison.lineno}: a variable can only be compared by == or != "
            'with one text in quotes, as in country == "JP"'
        )


def _check_depth(node: nodes.Node, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TemplateError(f"line {node.lineno}: nested more than {MAX_DEPTH} deep")


def _is_text(node: nodes.Node) -> bool:
    if not isinstance(node, nodes.Const) or not isinstance(node.value, str):
        return False
    return not _UNPRINTABLE.search(node.value)


def _refuse(node: nodes.Node | None) -> TemplateError:
    kinds = type(node).__mro__
    name = next((_NAMES_OF_NODES[kind] for kind in kinds if kind in _NAMES_OF_NODES), "this")
    return TemplateError(f"line {getattr(node, 'lineno', 1)}: {name} is not allowed; {_ALLOWED}")
