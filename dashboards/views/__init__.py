"""The pages, one file each; Streamlit runs the one that is looked at as a script."""
