"""Ways out for SMS."""
