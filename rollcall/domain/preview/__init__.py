"""What a selection would come to: in numbers, with the evidence, and who is nearly in it."""
