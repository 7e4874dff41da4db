"""Random programs: what a compiled function gives agrees with eager evaluation, whatever the form it runs in."""
