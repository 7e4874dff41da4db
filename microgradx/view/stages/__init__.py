"""Graphs without modules told as a few tables: which values are made alike, how, and along which axes they stand."""
