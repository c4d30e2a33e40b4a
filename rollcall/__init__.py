"""Rollcall reaches people in a crisis and finds out who is safe."""

__version__ = "0.1.0"
