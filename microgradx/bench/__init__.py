"""What compiling brings on this machine: the cases and how they are measured."""
