"""The README and the guides of the wings do what they say: their code runs and prints what its comments show."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import subprocess
from pathlib import Path

import pytest

from microgradx.operation import OPS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDES = [README, ROOT / ".github" / "CONTRIBUTING.md", *sorted((ROOT / "microgradx").rglob("README.md"))]
BLOCKS = [
    pytest.param(block, id=f"{guide.parent.name}/{guide.name} block {number}")
    for guide in GUIDES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", guide.read_text(), re.DOTALL))
]


def shown(block: str) -> list[str]:
    """What the comments behind `print(...)` lines say is printed."""
    return [line.split("  # ")[1].strip() for line in block.splitlines() if line.startswith("print(") and "  # " in line]


@pytest.mark.parametrize("block", BLOCKS)
def test_code_of_the_guides_prints_what_it_shows(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    known = set(OPS)
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(block, "a block of a guide", "exec"), {"__name__": "__main__"})
    finally:
        for name in set(OPS) - known:
            del OPS[name]
    printed = out.getvalue().splitlines()
    for line in shown(block):
        assert line in printed


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: f"{guide.parent.name}/{guide.name}")
def test_sessions_in_the_guides_print_what_they_show(guide: Path) -> None:
    sessions = re.findall(r"```pycon\n(.*?)```", guide.read_text(), re.DOTALL)
    runner = doctest.DocTestRunner(verbose=False)
    for session in sessions:
        runner.run(doctest.DocTestParser().get_doctest(session, {"__name__": "guide"}, guide.name, guide.name, 0))
    assert runner.summarize(verbose=False) == (0, sum(session.count(">>> ") for session in sessions))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: f"{guide.parent.name}/{guide.name}")
def test_every_file_that_a_guide_links_to_exists(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
        assert (guide.parent / target).exists(), target


def test_what_the_guides_link_to_is_in_the_repository_and_not_only_on_this_disk() -> None:
    asked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip("this is not a checkout")
    kept = {(ROOT / name).resolve() for name in asked.stdout.splitlines()}
    for guide in GUIDES:
        for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text()):
            assert (guide.parent / target).resolve() in kept, target


@pytest.mark.parametrize("guide", sorted((ROOT / "microgradx").rglob("README.md")), ids=lambda guide: guide.parent.name)
def test_a_guide_has_a_map_with_every_file_and_its_purpose(guide: Path) -> None:
    files = guide.parent.glob("*.py") if guide.parent.name == "microgradx" else guide.parent.rglob("*.py")
    rows = set(re.findall(r"\| \[[^]]*\]\(([^)]*)\) \| (.*) \|", guide.read_text()))
    for path in files:
        if path.name not in ("__init__.py", "__main__.py"):
            purpose = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0].replace("\n", " ")
            name = str(path.relative_to(guide.parent))
            assert (name, purpose) in rows, f"write the row | [{name}]({name}) | {purpose} | into the map of {guide}"


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(README.read_text().splitlines()) <= 190


def test_the_readme_states_two_commands_that_make_their_own_venv() -> None:
    commands = re.search(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert commands is not None
    assert [line.split(" && ")[0] for line in commands[1].splitlines()] == ["python3 -m venv .venv"] * 2
