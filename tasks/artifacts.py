"""What a flow run shows of its result in Prefect's UI: counts and ids, nothing of anybody."""

from prefect.artifacts import acreate_markdown_artifact
from prefect.context import FlowRunContext


async def show_markdown(key: str, markdown: str) -> None:
    """Keep a page with the flow run; nothing without one.

    Args:
        key: Small letters and dashes; the pages of one key are each other's history.
        markdown: The page.
    """
    if FlowRunContext.get() is not None:
        await acreate_markdown_artifact(key=key, markdown=markdown)
