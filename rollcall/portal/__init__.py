"""The portal: what providers call and members open; it says 200 to what is committed, only then."""
