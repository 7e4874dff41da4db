"""How a command is stated: its purpose, examples, exit statuses; and what is said to a word that does not exist."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..nearest import did_you_mean, nearest

DONE = "exit status: 0 done, 2 not done, and why is said"
FOUND = "exit status: 0 nothing wrong, 1 something is, 2 not done, and why is said"


class Parser(argparse.ArgumentParser):
    """A parser whose help keeps its lines, and which answers a wrong word with the nearest."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    example = ""

    def error(self, message: str) -> NoReturn:
        """Refuse wrong words; where some are missing, with an example."""
        if self.example and "are required" in message:
            message = f"{message.replace(', NAME=NUMBER', '')}, write for example: {self.example}"
        self.exit(2, f"{self.prog}: error: {message}\n{self.prog} --help shows every option\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            words = [str(choice) for choice in action.choices]
            hint = did_you_mean(str(value), words, f"choose one of {', '.join(words)}", 2, 0.5)
            raise argparse.ArgumentError(action, f"there is no {value!r}: {hint}")


def verb(
    commands: Any,
    name: str,
    purpose: str,
    examples: Sequence[str],
    run: Callable[[argparse.Namespace], int],
    json: str,
    status: str = DONE,
) -> argparse.ArgumentParser:
    """A new command with its help: one sentence, examples, what `--json` prints, and what the exit status means."""
    shown = "\n".join(["examples:", *(f"  microgradx {name} {example}".rstrip() for example in examples), "", status])
    command: Parser = commands.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.", epilog=shown)
    command.example = f"microgradx {name} {examples[0]}"
    command.set_defaults(run=run, parser=command)
    command.add_argument("--json", action="store_true", help=f"print {json} as JSON")
    return command


def any_number(text: str) -> float:
    """The number that an option was given."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number: write for example 0.001") from None


def any_whole_number(text: str) -> int:
    """The whole number that an option was given."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number: write for example 3") from None


def near_options(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """The options that misspelled ones were perhaps meant to be, as the end of an error message.

    >>> parser = argparse.ArgumentParser()
    >>> _ = parser.add_argument("--theme")
    >>> near_options(parser, ["--thme=dark"])
    ' (did you mean --theme?)'
    """
    known = [option for action in parser._actions for option in action.option_strings]
    wrong = [word.partition("=")[0] for word in words if word.startswith("-")]
    near = [match for word in wrong for match in _joined(word, known) or nearest(word, known)]
    return f" (did you mean {', '.join(near)}?)" if near else ""


def _joined(word: str, known: Sequence[str]) -> list[str]:
    """An option and its value that were written as one word: --for-slide."""
    return [f"{option} {word.removeprefix(option + '-')}" for option in known if word.startswith(f"{option}-")][:1]
