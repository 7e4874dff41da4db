"""A recorded pass as one self-contained web page."""
