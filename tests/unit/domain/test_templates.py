import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.template_grammar import MAX_DEPTH
from rollcall.domain.templates import MAX_RENDERED_CHARS, compile_template
from rollcall.errors import TemplateError

VARIABLES = frozenset({"name", "country"})


def render(source: str, **values: str) -> str:
    return compile_template(source, VARIABLES).render(values)


@pytest.mark.parametrize(
    ("source", "rendered"),
    [
        ("plain", "plain"),
        ("Dear {{ name }},", "Dear Zoë,"),
        ('{{ country | default("somewhere") }}', "somewhere"),
        ('{{ name|default("you") }}', "Zoë"),
        ("{% if country %}in{% else %}out{% endif %}", "out"),
        ('{% if name == "Zoë" and not country %}yes{% endif %}', "yes"),
        ('{% if name != "Zoë" %}a{% elif country or name %}b{% else %}c{% endif %}', "b"),
        ('{% if country == "JP" %}a{% endif %}', ""),
        ("{# a remark #}a{% raw %}{{ b }}{% endraw %}", "a{{ b }}"),
        ("a\n{% if name %}\nb\n{% endif %}\nc", "a\nb\nc"),
        ("a\r\nb\x00\x07\tc", "a\nb\tc"),
        ("<b>{{ name }}</b>", "<b>Zoë</b>"),
    ],
)
def test_the_allowed_subset_renders(source: str, rendered: str) -> None:
    assert render(source, name="Zoë") == rendered


def test_an_absent_variable_prints_as_nothing() -> None:
    assert render("[{{ country }}]") == "[]"


def test_what_a_variable_holds_is_never_a_template() -> None:
    assert render("{{ name }}", name="{{ country }}{% for %}") == "{{ country }}{% for %}"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("{% for a in name %}{% endfor %}", "a loop ({% for %})"),
        ("{{ name() }}", "a call (…)"),
        ("{{ name.upper }}", "an attribute (a.b)"),
        ("{{ name['x'] }}", "a subscript (a[b])"),
        ("{{ name[0:1] }}", "a subscript (a[b])"),
        ("{% set name = 'x' %}", "{% set %}"),
        ("{% set name %}x{% endset %}", "{% set %}"),
        ("{% include 'x' %}", "{% include %}"),
        ("{% import 'x' as y %}", "{% import %}"),
        ("{% from 'x' import y %}", "{% from %}"),
        ("{% extends 'x' %}", "{% extends %}"),
        ("{% block x %}{% endblock %}", "{% block %}"),
        ("{% macro x() %}{% endmacro %}", "{% macro %}"),
        ("{% call name() %}{% endcall %}", "{% call %}"),
        ("{% filter upper %}x{% endfilter %}", "{% filter %}"),
        ("{% with %}x{% endwith %}", "{% with %}"),
        ("{{ name | upper }}", "the filter 'upper'"),
        ("{{ name | default('a') | default('b') }}", "a second filter"),
        ("{{ name is defined }}", "a test (is …)"),
        ("{% if name is defined %}{% endif %}", "a test (is …)"),
        ("{{ name + country }}", "arithmetic"),
        ("{{ 9 ** 9 ** 9 }}", "arithmetic"),
        ("{{ -name }}", "arithmetic"),
        ("{{ name ~ country }}", "joining with ~"),
        ("{{ name if country }}", "an if inside of {{ }}"),
        ("{{ not name }}", "a condition inside of {{ }}"),
        ("{{ name == 'x' }}", "a condition inside of {{ }}"),
        ("{{ 'x' }}", "a constant in place of a variable"),
        ("{{ [name] }}", "a constant in place of a variable"),
        ("{{ {'a': name} }}", "a constant in place of a variable"),
        ("{% if true %}{% endif %}", "a constant in place of a variable"),
        ("{% if 'JP' == country %}{% endif %}", "a constant in place of a variable"),
        ("{% if (name | upper) == 'x' %}{% endif %}", "a filter in a condition"),
    ],
)
def test_everything_else_is_refused_with_its_line(source: str, complaint: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        compile_template("first\n" + source, VARIABLES)

    assert str(refusal.value).startswith(f"line 2: {complaint} is not allowed")


@pytest.mark.parametrize(
    "comparison",
    [
        "country == name",
        "country == 3",
        "country < 'x'",
        "country in ('x',)",
        "country == 'a' == 'b'",
    ],
)
def test_only_equality_with_one_text_is_compared(comparison: str) -> None:
    with pytest.raises(TemplateError, match="line 1: a variable can only be compared by"):
        compile_template(f"{{% if {comparison} %}}{{% endif %}}", VARIABLES)


@pytest.mark.parametrize(
    "arguments",
    ["", "country", "'x', true", "'x', boolean=true", "*name", "3", r"'\ud83d'", r"'\x00'"],
)
def test_default_takes_one_printable_text(arguments: str) -> None:
    with pytest.raises(TemplateError, match="line 1: default takes one text in quotes"):
        compile_template(f"{{{{ name | default({arguments}) }}}}", VARIABLES)


@pytest.mark.parametrize(
    "source", ["{{ phone }}", "{% if phone %}{% endif %}", "{{ phone|default('x') }}"]
)
def test_unknown_variable_is_named_with_those_that_exist(source: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        compile_template(f"\n\n{source}", VARIABLES)

    assert str(refusal.value) == "line 3: no variable is called 'phone'; there are country, name"


@pytest.mark.parametrize(
    "source", ["{{ name", "{% if name %}", "{% endif %}", "{% trans %}", "{{ }}", "{{ name | }}"]
)
def test_syntax_errors_name_their_line(source: str) -> None:
    with pytest.raises(TemplateError, match=r"^line 2: "):
        compile_template(f"a\n{source}", VARIABLES)


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 4000 + "name" + ")" * 4000 + " }}",
        "{% if " + "not " * 4000 + "name %}{% endif %}",
        "{% if name %}" * (MAX_DEPTH + 1) + "{% endif %}" * (MAX_DEPTH + 1),
        "{% if " + "name and " * (MAX_DEPTH + 1) + "name %}{% endif %}",
    ],
)
def test_deep_nesting_is_refused_not_a_crash(source: str) -> None:
    with pytest.raises(TemplateError, match="nested"):
        compile_template(source, VARIABLES)


def test_a_long_chain_of_elif_compiles() -> None:
    chain = "".join(f'{{% elif country == "{number}" %}}{number}' for number in range(500))

    assert render(f"{{% if name %}}x{chain}{{% endif %}}", country="499") == "499"


def test_a_number_too_long_to_read_is_refused() -> None:
    with pytest.raises(TemplateError, match="too long"):
        compile_template("{{ " + "9" * 5000 + " }}", VARIABLES)


def test_half_a_surrogate_pair_is_refused_with_its_line() -> None:
    with pytest.raises(TemplateError, match="line 2: half of a surrogate pair"):
        compile_template("a\nb\ud83d", VARIABLES)


def test_output_is_capped() -> None:
    template = compile_template("{{ name }}" * 300, VARIABLES)

    assert len(template.render({"name": "x" * 100})) == MAX_RENDERED_CHARS
    with pytest.raises(TemplateError, match="comes out at 30,300 characters"):
        template.render({"name": "x" * 101})


TEMPLATE_PIECES = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            " if ",
            " elif ",
            "else",
            "endif",
            "name ",
            "country",
        ),
        *(
            "|default(",
            ")",
            '"x"',
            "==",
            " not ",
            " and ",
            "for",
            " in ",
            ".",
            "[",
            "]",
            "(",
            "raw",
        ),
        *("endraw", "9", "-", "\n", "set", "~", "'", "\\"),
    ]
)


@settings(deadline=None)  # a busy machine is no failure
@given(st.one_of(st.text(), st.lists(TEMPLATE_PIECES, max_size=25).map("".join)))
def test_any_source_renders_or_is_refused(source: str) -> None:
    try:
        template = compile_template(source, VARIABLES)
    except TemplateError:
        return
    assert template.variables <= VARIABLES
    assert isinstance(template.render({"name": "Zoë"}), str)
