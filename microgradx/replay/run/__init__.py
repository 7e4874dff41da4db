"""The forms a program runs in, and who chooses among them."""
