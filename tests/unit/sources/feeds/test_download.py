"""What may be shown of an address, and where one may lead."""

import pytest

from rollcall.sources.feeds.download import may_lead, name_location


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://user:secret@x.org/feed?key=secret#part", "https://x.org/feed"),
        ("http://x.org:8080/a", "http://x.org:8080/a"),
        ("data/feeds/a?b.xml", "data/feeds/a?b.xml"),
        ("http://x.org:none/", "an address that is none"),
        ("http://[x/", "an address that is none"),
    ],
)
def test_secrets_of_an_address_are_not_shown(location: str, shown: str) -> None:
    assert name_location(location) == shown


@pytest.mark.parametrize(
    ("origin", "target", "may"),
    [
        ("https://x.org/a", "https://x.org/b", True),
        ("https://x.org/a", "https://y.org/b", True),
        ("http://x.org/a", "http://x.org:81/b", True),
        ("http://x.org/a", "http://169.254.169.254/", False),
        ("http://x.org/a", "https://x.org/b", False),
        ("https://x.org/a", "http://x.org/b", False),
        ("https://x.org/a", "file:///etc/passwd", False),
        ("https://x.org/a", "http://[/", False),
    ],
)
def test_address_leads_only_where_it_may(origin: str, target: str, may: bool) -> None:
    assert may_lead(origin, target) is may
