"""What Rollcall is about, without any framework or I/O."""
