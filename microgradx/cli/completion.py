"""Completion of commands and options in a shell, written from the parser itself."""

from __future__ import annotations

import argparse
from typing import Any

from .output import as_json
from .verbs import verb

BASH = """_microgradx() {{
  local words
  case "${{COMP_WORDS[1]}}" in
{cases}
    *) words="{verbs}" ;;
  esac
  [ "$COMP_CWORD" -eq 1 ] && words="{verbs}"
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
  [ "$COMP_CWORD" -gt 1 ] && COMPREPLY+=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -F _microgradx microgradx
"""


def add_completion(commands: Any) -> None:
    """`microgradx completion`."""
    examples = ("bash >> ~/.bashrc", "zsh >> ~/.zshrc", "fish > ~/.config/fish/completions/microgradx.fish")
    purpose = "print what makes a shell complete commands and options"
    command = verb(commands, "completion", purpose, examples, _completion, "the words that it knows")
    command.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")
    command.set_defaults(commands=commands)


def _completion(options: argparse.Namespace) -> int:
    words = {
        name: [word for action in command._actions for word in action.option_strings]
        for name, command in options.commands.choices.items()
    }
    if options.json:
        print(as_json(words))
        return 0
    if options.shell == "zsh":
        print("autoload -U bashcompinit && bashcompinit")
    print(fish(words) if options.shell == "fish" else bash(words), end="")
    return 0


def bash(words: dict[str, list[str]]) -> str:
    """A function for bash that knows the options of each command.

    >>> print(bash({"ops": ["--json"]}).splitlines()[3])
        ops) words="--json" ;;
    """
    cases = "\n".join(f'    {name}) words="{" ".join(options)}" ;;' for name, options in words.items())
    return BASH.format(cases=cases, verbs=" ".join(words))


def fish(words: dict[str, list[str]]) -> str:
    """The same for fish, a line for each word.

    >>> print(fish({"ops": ["--json"]}), end="")
    complete -c microgradx -n __fish_use_subcommand -a ops
    complete -c microgradx -n "__fish_seen_subcommand_from ops" -l json
    """
    lines = [f"complete -c microgradx -n __fish_use_subcommand -a {name}" for name in words]
    for name, options in words.items():
        for option in options:
            flag = f"-l {option[2:]}" if option.startswith("--") else f"-s {option[1:]}"
            lines.append(f'complete -c microgradx -n "__fish_seen_subcommand_from {name}" {flag}')
    return "\n".join(lines) + "\n"
