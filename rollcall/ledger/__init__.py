"""The operational database: the queue and the truth of every send."""
