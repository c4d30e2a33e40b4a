"""What is known of everybody at one moment, found once for all who look at it."""
