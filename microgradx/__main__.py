"""Run the command line as `python -m microgradx`."""

import sys

from .cli import main

sys.exit(main())
