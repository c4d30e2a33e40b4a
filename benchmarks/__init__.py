"""Measurements behind docs/performance.md; run by `make bench`, never by tests."""
