"""What a flow run shows of its result in Prefect's UI: counts and ids, nothing of anybody."""

from prefect.artifacts import acreate_markdown_artifact

from tasks.telling import has_page, tell


async def show_markdown(key: str, markdown: str, told: str | None = None) -> None:
    """Keep a page with the flow run, if Prefect takes it; nothing without one.

    Args:
        key: Small letters and dashes; the pages of one key are each other's history.
        markdown: The page.
        told: What stands above it, in a line.
    """
    if has_page():
        await tell(lambda: acreate_markdown_artifact(markdown, key, told))
