"""Where somebody goes after they have signed in."""

from urllib.parse import urlsplit


def way_on(asked: str | None) -> str:
    """Return where to go after a sign-in: a page of ours, whatever was asked for."""
    if not asked or not asked.startswith("/") or asked.startswith(("//", "/\\")):
        return "/"
    parts = urlsplit(asked)
    is_ours = not parts.scheme and not parts.netloc and asked.isprintable() and "\\" not in asked
    return asked if is_ours else "/"
