"""Step: show whom an order means, and send nothing."""

import asyncio

from prefect.runtime import flow_run
from prefect.states import Completed

from rollcall.domain.forms.orders import OrderForm
from rollcall.sending.form_orders import preview_form
from rollcall.sending.run_notes import write_preview
from rollcall.wiring import current_app
from tasks.artifacts import show_markdown
from tasks.end import SendEnd
from tasks.step import step


async def show_preview(order: OrderForm) -> SendEnd:
    """Leave a note of whom an order means on the run's page, and return how the run ends."""
    people_count, note = await preview_order(order)
    told = f"{people_count:,} people; nothing was sent"
    await show_markdown(f"preview-{flow_run.id}", note, told)
    return Completed(name="Previewed", message=told)


@step("preview-order")
async def preview_order(order: OrderForm) -> tuple[int, str]:
    """Select whom an order means; return how many people they are, and what to show of them."""
    app = current_app()
    preview = await asyncio.to_thread(preview_form, order, app.steps, app.settings.source)
    return preview.summary.reach.people_count, write_preview(preview)
