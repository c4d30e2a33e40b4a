"""Places in JSON that a configuration names, such as `messages.0.id`."""

from pydantic import JsonValue


def find_place(document: JsonValue, path: str) -> JsonValue:
    """Return what stands at a path; None where it leads nowhere."""
    place = document
    for step in path.split("."):
        if isinstance(place, dict):
            place = place.get(step)
        elif isinstance(place, list) and step.isdecimal() and int(step) < len(place):
            place = place[int(step)]
        else:
            return None
    return place


def follow_path(document: JsonValue, path: str | None) -> str | None:
    """Return the plain value at a path as text; None where there is none, or an empty one."""
    place = find_place(document, path) if path else None
    is_plain = isinstance(place, str | int) and not isinstance(place, bool)
    return str(place) if is_plain and place != "" else None
