"""A program in words and pictures, and what varied between two calls."""
