"""A recorded calculation as a program on arrays: `compile` and `Program`."""
