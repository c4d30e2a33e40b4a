"""Which views there are, in which order, and who gets them.

A new view is a file and a line here.
"""

from dataclasses import dataclass
from typing import Final

from rollcall.domain.acts import Actor, Role


@dataclass(frozen=True, slots=True)
class View:
    """One page.

    Attributes:
        file: Below `dashboards`.
        title: In the navigation.
        path: In the address; stays the same, as people keep links.
        section: Under which heading it stands.
        icon: One of Streamlit's own, which come with it.
        least: Who gets it: this role and those that may more. What may be done there is asked of
            the desk all the same.
    """

    file: str
    title: str
    path: str
    section: str
    icon: str
    least: Role = "viewer"


VIEWS: Final[tuple[View, ...]] = (
    View("views/overview.py", "Overview", "overview", "Follow", ":material/public:"),
    View("views/log.py", "Message log", "log", "Follow", ":material/list_alt:"),
    View("views/progress.py", "Live progress", "progress", "Follow", ":material/monitoring:"),
    View("views/chats.py", "Chats", "chats", "Follow", ":material/forum:"),
    View("views/compose.py", "Compose", "compose", "Prepare", ":material/edit_square:", "sender"),
    View("views/templates.py", "Templates", "templates", "Prepare", ":material/description:"),
    View("views/filters.py", "Dynamic filters", "filters", "Prepare", ":material/filter_alt:"),
    View("views/schedules.py", "Schedules", "schedules", "Prepare", ":material/schedule:"),
    View(
        "views/deliverability.py",
        "Deliverability",
        "deliverability",
        "Look back",
        ":material/query_stats:",
    ),
    View("views/data.py", "Data", "data", "Look back", ":material/database:"),
    View("views/audit.py", "Audit", "audit", "Look back", ":material/fact_check:"),
)


def views_of(actor: Actor) -> list[View]:
    """Return the views of somebody."""
    return [view for view in VIEWS if actor.may(view.least)]
