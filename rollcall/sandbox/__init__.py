"""Carriers and a mail server on loopback, with a seeded schedule of faults."""
