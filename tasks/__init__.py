"""The steps of a send as Prefect tasks: thin; each returns an id, a path or a count."""
