"""The portal: what providers call from outside; it answers 200 to what is committed, only then."""
