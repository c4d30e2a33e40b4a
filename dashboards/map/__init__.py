"""The map: a Streamlit component, and what it asks this server for. Nothing is from elsewhere."""
