"""One sample recorded, any number replayed: chunk by chunk, on one machine or many."""
