"""The dashboards: a Streamlit app for those who send, follow and answer."""
