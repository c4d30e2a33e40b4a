"""Which schedules use a template or a dynamic filter by its name."""

from collections.abc import Iterable

from rollcall.domain.message_templates import TemplateKind
from rollcall.domain.saved_names import spell_name
from rollcall.schedules.book import Schedule


def find_template_users(schedules: Iterable[Schedule], kind: TemplateKind, name: str) -> list[str]:
    """Return the names of the schedules that send a template."""
    return [
        one.name
        for one in schedules
        if one.order and one.order.kind == kind and spell_name(one.order.template) == name
    ]


def find_filter_users(schedules: Iterable[Schedule], name: str) -> list[str]:
    """Return the names of the schedules that send to a dynamic filter that they name themselves."""
    return [
        one.name
        for one in schedules
        if one.order and name in map(spell_name, one.order.saved_filters)
    ]
