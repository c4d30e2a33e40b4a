"""Makes the sample source: invented people of an invented organisation, the same on every run."""
