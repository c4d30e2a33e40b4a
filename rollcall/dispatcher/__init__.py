"""The resident process that starts what is accepted, at once, and goes on with what was left."""
