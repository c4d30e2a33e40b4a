"""The door of the dashboards: who is let in, before Streamlit hears of them."""
