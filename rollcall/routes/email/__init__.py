"""Ways out for email."""
