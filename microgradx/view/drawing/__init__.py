"""Drawings of a graph: flow, cards, folding, DOT, SVG, and the same as text."""
