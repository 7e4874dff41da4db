"""The command line: `microgradx COMMAND ...`, the same as `python -m microgradx`."""

from .main import main as main
from .targets import add_target as add_target
from .targets import target as target
