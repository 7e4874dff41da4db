"""Equal rows become array instructions: sums, groups, levels, slots, matrix products."""
