"""The stepper's own prompt: the same moves as one-word commands; an empty line repeats the last."""

from __future__ import annotations

import cmd
from typing import IO, Any

from ..words.terminal import paint

HELP = """next [n]      fire n values (n)          prev [n]      go back (p)
step [n]      fire n contributions (s)   goto PLACE    to a step or a value (g)
until NAME    on to a value              finish        to the end of the neuron
cont          to the next break (c)      break NAME    stop there; alone: forget
watch NAME    show its history           last NAME     the step that changed it
where         the way from the output    list          the steps around (l)
full          every contribution         only NAME     only what leads there
explain NAME  the paths to a value       why NAME      why its gradient is 0
layers        one line per layer         origin        the first nan or inf
naive         what recursion would do    guess a=6     try your own numbers
commit        write .grad                quit          leave (q)"""
SHORT = {"n": "next", "s": "step", "p": "prev", "g": "goto", "c": "cont", "l": "list", "q": "quit", "w": "where", "b": "break"}
MOVES = ("next", "prev", "step", "finish", "cont")
TAKING_NAMES = ("until", "watch", "last", "explain", "why", "goto", "only", "break")


class Prompt(cmd.Cmd):
    """A `cmd` loop over one stepper; every command is the method of that name."""

    prompt = "(step) "
    intro = ""

    def __init__(self, stepper: Any, stdin: IO[str] | None = None, stdout: IO[str] | None = None) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.stepper = stepper
        self._last = "next"

    def preloop(self) -> None:
        """Show where we stand."""
        self._print(repr(self.stepper))

    def onecmd(self, line: str) -> bool:
        """Run one command line; return True to leave. A mistake is told and the prompt goes on."""
        line = line.strip() or self._last
        word, _, rest = line.partition(" ")
        word, rest = SHORT.get(word, word), rest.strip()
        if word in ("quit", "exit", "EOF"):
            return True
        self._last = line
        if word in ("help", "?"):
            self._print(HELP)
            return False
        try:
            self._print(paint(str(self._result(word, rest))))
        except (KeyError, IndexError, ValueError, TypeError, RuntimeError) as error:
            self._print(str(error.args[0]) if error.args else str(error))
        return False

    def _result(self, word: str, rest: str) -> object:
        s = self.stepper
        if word in MOVES:
            move = getattr(s, word)
            return move(_count(rest)) if rest else move()
        if word == "goto":
            return s.goto(int(rest) if rest.isdigit() else rest)
        if word == "break":
            return s.break_on(rest or None)
        if word == "only":
            return s.only(path_to=rest) if rest else s.only()
        if word == "watch":
            return s.watch(rest) if rest else s.watch()
        if word == "last":
            return s.last_write(rest) or "nothing has changed it yet"
        if word in ("until", "explain", "why"):
            return getattr(s, word)(rest)
        if word == "guess":
            return s.guess({name: float(number) for name, _, number in (pair.partition("=") for pair in rest.split())})
        if word == "commit":
            s.commit()
            return "written: .grad is what backward() would have left"
        if word in ("where", "list", "full", "layers", "origin", "naive"):
            return getattr(s, word)()
        raise ValueError(f"no command is called {word!r}; help lists them all")

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        """Complete the first word."""
        words = [*MOVES, *TAKING_NAMES, "where", "list", "full", "layers", "origin", "naive", "guess", "commit", "quit"]
        return [word for word in words if word.startswith(text)]

    def completedefault(self, text: str, *ignored: Any) -> list[str]:
        """Complete a name."""
        return [name for name in self.stepper.names.values() if name.startswith(text)]

    def _print(self, text: str) -> None:
        self.stdout.write(f"{text}\n")


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a count of steps: write a whole number") from None
