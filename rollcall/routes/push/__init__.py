"""Notifications to the app."""
