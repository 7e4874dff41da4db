"""Answers in words: why a gradient is what it is, where a nan came from, which layers learn."""
