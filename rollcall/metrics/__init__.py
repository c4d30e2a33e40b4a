"""What each process tells of itself and of the ledger: `/health`, and `/metrics` for Prometheus."""
