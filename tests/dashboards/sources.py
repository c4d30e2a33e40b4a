"""A small source for the overview: each of its people is there for one figure."""

from pathlib import Path

_TABLES = {
    "people": """person_id,name,email,home_country,facility_id
ana,Ana <b>Ito</b>,ana@example.org,JP,
bo,Bo Cruz,bo@example.org,PH,
cy,Cy Roux,cy@example.org,FR,
di,Di Nobody,di@example.org,DE,
ed,Ed Sato,ed@example.org,JP,tokyo
fay,Fay Contact,fay@example.org,JP,
""",
    "facilities": """facility_id,name,country,latitude,longitude
tokyo,Tokyo office,JP,35.681,139.767
""",
    "facility_contacts": """facility_id,person_id,is_manager
tokyo,fay,true
""",
    "locations": """person_id,latitude,longitude,reported_at,country
ana,35.65,139.70,2026-11-23T05:00:00Z,JP
bo,14.60,121.00,2026-11-23T05:00:00Z,PH
""",
    "bookings": """booking_id,person_id,kind,iata,starts_at,ends_at
b1,cy,flight,CDG,2026-11-23T01:00:00Z,2026-11-24T01:00:00Z
""",
    "emergencies": """emergency_id,person_id,started_at
e1,ed,2026-11-23T04:00:00Z
""",
    "incidents": """incident_id,title,severity,latitude,longitude,occurred_at
flood,Flood in Manila,severe,14.61,121.0,2026-11-22T05:00:00Z
quake,Earthquake off Chiba,minor,35.42,142.61,2026-11-23T05:12:00Z
""",
    "country_risk": """country,level
JP,low
PH,extreme
""",
}

FIGURES = {
    "In high-risk countries": "1",
    "Currently travelling": "1",
    "Near an incident": "1",
    "With an active emergency": "1",
    "Whereabouts unknown": "2",
}
"""What the overview says of it on 23 November 2026 at 06:00 UTC."""

AROUND_TOKYO = {
    "type": "Polygon",
    "coordinates": [[[139, 35], [140, 35], [140, 36], [139, 36], [139, 35]]],
}
"""Ana, Ed and the office are in it."""


def write_source(folder: Path) -> Path:
    """Write it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _TABLES.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    return folder
