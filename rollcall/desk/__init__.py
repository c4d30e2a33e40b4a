"""What administrators do: every call takes who acts, asks whether they may, and is recorded."""
