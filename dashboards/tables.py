"""Tables as HTML: read by screen readers, selected by the mouse, times with UTC behind them.

Streamlit's own tables are pictures on a canvas. Whatever comes in here as a text is escaped by
whoever puts it in (`dashboards.texts.as_html`).
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import streamlit as st

_STYLE: Final = """<style>
.rc-table{width:100%;border-collapse:collapse;font-size:.95rem}
.rc-table caption{text-align:left;font-weight:600;padding:.3rem 0}
.rc-table th,.rc-table td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;
border-bottom:1px solid rgba(128,128,128,.35);overflow-wrap:break-word}
.rc-table .n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.rc-table thead .n{white-space:normal;vertical-align:bottom}
.rc-table tbody th{min-width:6.5rem}
.rc-table details summary{cursor:pointer}
.rc-table details[open] summary{margin-bottom:.3rem}
.rc-scroll{overflow-x:auto}
</style>"""


def show_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    caption: str | None = None,
    numbers: Sequence[str] = (),
) -> None:
    """Show a table.

    Args:
        columns: Their headings, plain text.
        rows: One cell of HTML for each column; the first heads its row.
        caption: What the table is of, plain text.
        numbers: The columns that hold numbers.
    """
    heads = "".join(
        f'<th scope="col"{_class(name in numbers)}>{escape(name)}</th>' for name in columns
    )
    is_number = [name in numbers for name in columns]
    body = "".join(_row(row, is_number) for row in rows)
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    st.html(
        f'{_STYLE}<div class="rc-scroll"><table class="rc-table">{told}'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(cells: Sequence[str], is_number: Sequence[bool]) -> str:
    first, *others = (f"{_class(one)}>{cell}" for cell, one in zip(cells, is_number, strict=True))
    rest = "".join(f"<td{one}</td>" for one in others)
    return f'<tr><th scope="row"{first}</th>{rest}</tr>'


def _class(is_number: bool) -> str:
    return ' class="n"' if is_number else ""
