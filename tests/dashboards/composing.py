"""Drafts and people for tests of the composer."""

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from rollcall.domain.acts import Role
from rollcall.domain.drafts import Draft
from rollcall.ledger.drafts import DraftAccess, load_draft
from tests.dashboards.houses import Lived
from tests.people import phone_of

ADMIN = DraftAccess("the admin", sees_all=True)

_TABLES = {
    "people": f"""person_id,name,email,phone,home_country,groups,tags,has_app
ana,Ana Ito,ana@example.org,{phone_of(1)},JP,board;it,vip,true
bo,Bo <b>Cruz</b>,,{phone_of(2)},PH,it,,
cy,Cy Roux,cy@example.org,,FR,it,pilot,
""",
    "facilities": """facility_id,name,country,latitude,longitude
tokyo,Tokyo office,JP,35.681,139.767
""",
    "facility_contacts": """facility_id,person_id,is_manager
tokyo,ana,true
tokyo,cy,false
""",
    "locations": """person_id,latitude,longitude,reported_at,country
ana,35.65,139.70,2026-11-23T05:00:00Z,JP
""",
    "bookings": """booking_id,person_id,kind,iata,starts_at,ends_at
b1,cy,flight,HND,2026-11-24T01:00:00Z,2026-11-25T01:00:00Z
""",
}


def write_source(folder: Path) -> Path:
    """Write three people: Ana is in Japan, nobody knows where Bo is, Cy will fly to Tokyo."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _TABLES.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder


def begin(lived: Lived, body: dict[str, Any] | None = None, role: Role = "admin") -> Draft:
    """Begin a draft of somebody of a role."""
    return lived.house.drafting.open(lived.actor(role), "message", body, "d1")


def body_of(lived: Lived, draft_id: str = "d1") -> dict[str, Any]:
    """Return what a draft says now."""
    return load_draft(lived.ledger, draft_id, ADMIN).body


def selection_of(lived: Lived) -> dict[str, Any]:
    """Return whom the draft is for."""
    selection: dict[str, Any] = body_of(lived).get("selection", {})
    return selection


def press(page: AppTest, label: str) -> AppTest:
    """Click the one button of a label."""
    [button] = [one for one in page.button if one.label == label]
    return button.click().run()


def labelled(widgets: Any, label: str) -> Any:
    """Return the one widget of a label."""
    [found] = [one for one in widgets if one.label == label]
    return found
