"""A page on which the training of one's own model on one's own data is watched, asked about, and gone on with."""
