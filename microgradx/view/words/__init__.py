"""Names, formulas, numbers and lines of text: what everything that people look at is worded with."""
