"""The parts of the composer's page; `dashboards.views.compose` shows them."""
