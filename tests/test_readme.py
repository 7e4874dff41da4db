"""The README does what it says: its code runs and prints what its comments show."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from microgradx.operation import OPS

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def shown(block: str) -> list[str]:
    """What the comments behind `print(...)` lines say is printed."""
    return [line.split("  # ")[1].strip() for line in block.splitlines() if line.startswith("print(") and "  # " in line]


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_code_of_the_readme_prints_what_it_shows(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = set(OPS)
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(BLOCKS[number], f"README block {number}", "exec"), {"__name__": "__main__"})
    finally:
        for name in set(OPS) - known:
            del OPS[name]
    printed = out.getvalue().splitlines()
    for line in shown(BLOCKS[number]):
        assert line in printed


def test_the_readme_states_two_commands_that_make_their_own_venv() -> None:
    commands = re.search(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert commands is not None
    assert [line.split(" && ")[0] for line in commands[1].splitlines()] == ["python3 -m venv .venv"] * 2
