"""A function becomes rows: its tape, what may be asked while it is recorded, and the gradient taken on the rows."""
