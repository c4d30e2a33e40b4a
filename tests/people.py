"""Small sources for tests: people that nobody is."""

import csv
import json
from pathlib import Path

AREA_CODES = (
    202, 212, 303, 305, 312, 404, 415, 503, 602, 617,
    619, 702, 713, 718, 801, 816, 901, 913, 916, 919,
)  # fmt: skip
"""Each has 100 numbers for fiction: 555-0100 to 555-0199."""


MOST_NUMBERS = 100 * len(AREA_CODES)


def phone_of(number: int) -> str:
    """Return a valid number that belongs to nobody, a different one for each of 2,000."""
    return f"+1{AREA_CODES[number // 100]}5550{100 + number % 100}"


def write_people(folder: Path, count: int) -> Path:
    """Write a source of people in group `all`: with email and, as long as there are, a number."""
    folder.mkdir(parents=True)
    with (folder / "people.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["person_id", "name", "email", "phone", "groups"])
        for number in range(count):
            email = f"p{number}@example.org"
            phone = phone_of(number) if number < MOST_NUMBERS else ""
            rows.writerow([f"p{number:04}", f"Person {number}", email, phone, "all"])
    return folder


def write_message(path: Path, **options: bool) -> Path:
    """Write a message to group `all`."""
    message = {
        "content": {"subject": "Drill", "text": "Hello {{ name }}, this is a drill."},
        "selection": {"groups": ["all"]},
        "options": options,
    }
    path.write_text(json.dumps(message), "utf-8")
    return path
