"""The stepper's own prompt: the same moves as one-word commands; an empty line repeats the last."""

from __future__ import annotations

import cmd
import shlex
from typing import IO, Any

from ..words.as_typed import spoken_to
from ..words.terminal import paint

HELP = """next [n]      fire n values (n)          prev [n]      go back
step [n]      fire n contributions (s)   goto PLACE    to a step, a value, a phase (g)
until NAME    on to a value (unt)        finish        to the end of the neuron
cont          to the next break (c)      back          to the break before
break WHAT    NAME, dead, nan, nonfinite, >1e3 or <1e-6 (b); alone: forget all
print NAME    its number and gradient so far (p)
watch NAME    show its history           last NAME     the step that changed it
where         the way from the output (w)
list          the steps around (l)       line N        the steps of a source line
full          every contribution         only NAME     only what leads there
explain NAME  the paths to a value; -k 20 lists twenty
why NAME      why its gradient is 0      naive         what recursion would do
layers        one line per layer         origin        the first nan or inf
guess x=6     try your own numbers       whatif x=5    what would change
again         the next pass, after commit
commit        write .grad, and update    uncommit      take that back
quit          leave (q)"""
SHORT = {
    "n": "next", "s": "step", "g": "goto", "c": "cont", "l": "list", "q": "quit", "w": "where", "b": "break", "p": "print",
    "unt": "until", "exit": "quit", "EOF": "quit", "?": "help",
}  # fmt: skip
ON_THEIR_OWN = ("finish", "cont", "where", "list", "full", "layers", "origin", "naive")
COUNTED = ("next", "prev", "step")
NAMED = ("until", "explain", "why", "only", "watch", "last", "print", "break", "goto")
OTHERS = ("back", "line", "guess", "whatif", "again", "commit", "uncommit", "help", "quit")


class Prompt(cmd.Cmd):
    """A `cmd` loop over one stepper; every command is the method of that name. Ctrl-C stops a command, not the prompt."""

    prompt = "(step) "
    intro = ""

    def __init__(self, stepper: Any, stdin: IO[str] | None = None, stdout: IO[str] | None = None) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.stepper = stepper
        self._last = "next"

    def cmdloop(self, intro: Any | None = None) -> None:
        """Read and run commands until `quit`; Ctrl-C at an empty prompt says how to leave."""
        with spoken_to("prompt"):
            self._print(paint(str(self.stepper)))
            while True:
                try:
                    super().cmdloop(intro)
                    return
                except KeyboardInterrupt:
                    self._print("\nCtrl-C: still here; quit leaves, and nothing is written before commit")

    def onecmd(self, line: str) -> bool:
        """Run one command line; return True to leave. A mistake is told and the prompt goes on."""
        line = line.strip() or self._last
        word, _, rest = line.partition(" ")
        word, rest = SHORT.get(word, word), rest.strip()
        if word == "quit":
            return True
        self._last = line
        try:
            self._print(HELP if word == "help" else paint(str(self._result(word, rest))))
        except (KeyError, IndexError, ValueError, TypeError, RuntimeError, ArithmeticError) as error:
            self._print(str(error.args[0]) if error.args else str(error))
        return False

    def _result(self, word: str, rest: str) -> object:
        s = self.stepper
        if word in COUNTED:
            return getattr(s, word)(_count(rest)) if rest else getattr(s, word)()
        if word in ON_THEIR_OWN:
            return getattr(s, word)()
        if word in NAMED and word not in ("only", "watch", "break") and not rest:
            raise ValueError(f"{word} what? Write for example: {word} {next(iter(s.names.values()))}")
        if word in NAMED:
            return self._about(word, rest)
        if word == "back":
            return s.cont(back=True)
        if word == "line":
            return "\n".join(map(repr, s.at_line(_count(rest)))) or f"nothing was computed in line {rest}"
        if word == "guess":
            return s.guess(_pairs(rest))
        if word == "whatif":
            return s.diff(s.what_if(_pairs(rest)))
        if word == "again":
            self.stepper = s.again()
            return self.stepper
        if word == "commit":
            s.commit()
            return "written: .grad is what backward() would have left" + " and the weights have moved" * bool(s.plan)
        if word == "uncommit":
            s.uncommit()
            return "taken back: all is as it was before commit"
        if "=" in word:
            raise ValueError(
                f"{word!r} is not a command: guess {word} says whether a gradient is that, whatif {word} puts the number in"
            )
        raise ValueError(f"no command is called {word!r}; help lists them all")

    def _about(self, word: str, name: str) -> object:
        """The commands that are followed by a name."""
        s = self.stepper
        if word == "goto":
            return s.goto(int(name) if name.lstrip("-").isdigit() else name)
        if word == "break":
            return _break(s, name)
        if word == "only":
            return s.only(path_to=name) if name else s.only()
        if word == "watch":
            return s.watch(name) if name else s.watch()
        if word == "last":
            return s.last_write(name) or "nothing has changed it yet"
        if word == "explain" and " -k " in name:
            name, _, most = name.rpartition(" -k ")
            return s.explain(name, _count(most))
        if word == "print":
            s.find(name)
            return s.told(name)
        return getattr(s, word)(name)

    def completenames(self, text: str, *ignored: Any) -> list[str]:
        """Complete the first word."""
        return [word for word in (*COUNTED, *ON_THEIR_OWN, *NAMED, *OTHERS) if word.startswith(text)]

    def completedefault(self, text: str, *ignored: Any) -> list[str]:
        """Complete a name."""
        return [name for name in self.stepper.names.values() if name.startswith(text)]

    def _print(self, text: str) -> None:
        self.stdout.write(f"{text}\n")


def _break(s: Any, what: str) -> object:
    """A stop at a value of that name, else at a kind of contribution."""
    if not what:
        return s.break_on()
    if what in s.names.values() or not (what[0] in "<>" or what in ("dead", "nan", "nonfinite")):
        return s.break_on(what)
    if what[0] in "<>":
        return s.break_on(**{"abs_lt" if what[0] == "<" else "abs_gt": _number(what[1:], f"break {what[0]}1e-6")})
    return s.break_on(**{what: True})


def _pairs(text: str) -> dict[str, float]:
    pairs = [pair.rpartition("=") for pair in shlex.split(text)]
    return {name: _number(value, "x=6") for name, _, value in pairs}


def _number(text: str, example: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number: write for example {example}") from None


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a count of steps: write a whole number") from None
