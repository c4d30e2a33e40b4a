"""The steps of a send, free of orchestration."""
