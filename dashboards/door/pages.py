"""The page by which one comes in: plain HTML that works without scripts, light and dark."""

from html import escape
from typing import Final

_STYLE: Final = """
:root{color-scheme:light dark;
--ink:#1b1f24;--paper:#fff;--line:#767676;--main:#0b5cad;--bad:#a4161a}
@media(prefers-color-scheme:dark){:root{
--ink:#e8eaed;--paper:#15181c;--line:#8a9099;--main:#6cb4ff;--bad:#ff9b9e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;
background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:min(24rem,92vw);padding:1.5rem 0}
h1{font-size:1.5rem;margin:0 0 1rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{width:100%;padding:.65rem;font:inherit;color:inherit;background:var(--paper);
border:1px solid var(--line);border-radius:.4rem}
button,.button{display:block;width:100%;margin-top:1.25rem;padding:.75rem;font:inherit;font-weight:600;
text-align:center;text-decoration:none;color:var(--paper);background:var(--main);border:0;border-radius:.4rem}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
.bad{color:var(--bad);font-weight:600}
"""

_FRAME: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title><style>{style}</style></head><body>
<main><h1>{title}</h1>{body}</main></body></html>
"""


def sign_in_page(
    *, way_on: str, has_users: bool, has_provider: bool, mistake: str | None = None
) -> str:
    """Return the page that asks for a name and a password, or leads to the identity provider.

    Args:
        way_on: Where to go afterwards.
        has_users: There are local users.
        has_provider: There is an identity provider.
        mistake: What was wrong the last time.
    """
    body = f'<p class="bad" role="alert">{escape(mistake)}</p>' if mistake else ""
    if has_provider:
        body += (
            f'<a class="button" href="/sign-in/provider?next={escape(way_on)}">'
            "Sign in with your organisation</a>"
        )
    if has_users:
        body += (
            '<form method="post" action="/sign-in">'
            f'<input type="hidden" name="next" value="{escape(way_on)}">'
            '<label for="name">Name</label>'
            '<input id="name" name="name" autocomplete="username" required autofocus>'
            '<label for="password">Password</label>'
            '<input id="password" name="password" type="password" '
            'autocomplete="current-password" required>'
            "<button>Sign in</button></form>"
        )
    return _frame("Sign in to Rollcall", body)


def told_page(title: str, told: str) -> str:
    """Return a page that says one thing, and leads back to the way in."""
    return _frame(title, f'<p>{escape(told)}</p><p><a href="/sign-in">Sign in</a></p>')


def _frame(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), style=_STYLE, body=body)
