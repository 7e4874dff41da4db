"""The house itself: floors, exports, imports, wording."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import microgradx as mx
from microgradx import OPS

PACKAGE = Path(mx.__file__).parent
FLOORS = [
    {"files", "nearest", "by_identity", "collector", "callers", "observers", "tables", "missing", "argument_hints"},
    {"module_attribute", "keywords", "hints"},
    {"ieee", "order"},
    {"special", "stale"},
    {"tails"},
    {"facts", "operand", "rules"},
    {"operation"},
    {"signatures"},
    {"statement", "spelling"},
    {"ops", "containers", "translate"},
    {"operators"},
    {"chain", "indeterminate", "poles"},
    {"modes", "writing", "micrograd_names"},
    {"engine"},
    {"derivatives", "snapshot", "structure", "places"},
    {"parts"},
    {"module_calls", "owners"},
    {"variables"},
    {"transforms", "expression", "gather"},
    {"view", "replay", "testing"},
    {"nn", "pytest_plugin"},
    {"bench", "micrograd", "reference", "teach"},
    {"cli"},
    {"__init__", "__main__", "demos"},
]
"""A room imports only from floors below its own. Within a floor, rooms do not know each other."""

LATE = {("rules", "poles")}
"""An import inside a function that looks up: a rule that raised is asked again about numbers that are spelled with the table."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def floor(name: str) -> int:
    return next(i for i, names in enumerate(FLOORS) if name in names)


def for_annotations(tree: ast.Module) -> set[int]:
    """The nodes of a file that type checkers alone read, by identity."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {id(inner) for block in blocks for statement in block.body for inner in ast.walk(statement)}


def imported_rooms(path: Path) -> set[str]:
    """The rooms of this package that a file imports from; what is imported for annotations alone does not count."""
    depth = len(path.relative_to(PACKAGE).parts)
    found = set()
    tree = parsed(path)
    annotations = for_annotations(tree)
    for node in ast.walk(tree):
        if id(node) in annotations:
            continue
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("microgradx"):
            found |= {(node.module or "").split(".")[1]} if "." in (node.module or "") else set()
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_room_imports_only_from_floors_below(path: Path) -> None:
    here = room(path)
    for other in imported_rooms(path) - {here}:
        if other not in set().union(*FLOORS):
            continue  # a name of the package's front door, not a room
        assert floor(other) < floor(here) or (here, other) in LATE, f"{here} imports {other}"


def test_the_check_of_the_floors_sees_arrows_that_point_up_or_sideways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    for name, text in {
        "ops.py": "def late():\n    from .engine import Value",
        "view/boxes.py": "from ..replay.chart import Chart\nfrom .shapes import Card",
        "replay/chart.py": "import microgradx\nfrom microgradx.view.drawing.boxes import Chart",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        with pytest.raises(AssertionError, match="imports"):
            test_every_room_imports_only_from_floors_below(path)


def test_every_public_name_exists_and_is_documented() -> None:
    for name in mx.__all__:
        thing = getattr(mx, name)
        assert getattr(thing, "__doc__", None), name
    assert sorted(mx.__all__) == sorted(set(mx.__all__))


def test_a_star_import_leaves_pythons_builtins_alone_and_brings_what_people_use() -> None:
    names: dict[str, object] = {}
    exec("from microgradx import *", names)
    assert not [name for name in names if name != "__builtins__" and hasattr(builtins, name)]
    assert {"Value", "draw", "stepper", "explain", "why", "nn", "topological_order", "tanh", "softmax", "silu"} <= names.keys()


def test_the_package_shows_what_a_person_wants_to_see_and_no_more() -> None:
    shown = set(dir(mx))
    assert set(mx.__all__) | {"sum", "max", "min", "round", "compile", "__version__"} <= shown
    assert not shown & {"compare", "one_minus_square", "engine", "special", "annotations", "TYPE_CHECKING", "LAZY", "Unary"}
    assert mx.compare is OPS["compare"]  # there for rules, and not shown


def test_the_version_is_that_of_the_package() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", mx.__version__)


def test_a_copy_that_is_not_installed_knows_its_version_too() -> None:
    program = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import microgradx; print(microgradx.__version__)"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == mx.__version__


def test_without_graphviz_everything_is_imported_and_only_drawing_says_what_to_install() -> None:
    program = """
import sys
sys.modules["graphviz"] = None
from microgradx import *
x = Value(3.0, "x")
print(tree(x * x))
try:
    draw(x * x)
except ModuleNotFoundError as error:
    print(error)
assert not isinstance(x, Drawing)
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "x * x" in run.stdout
    assert "drawing needs the package graphviz: pip install graphviz. Without it microgradx.tree(y)" in run.stdout


def test_importing_loads_neither_numpy_nor_graphviz() -> None:
    program = "import microgradx, sys; sys.exit(any(m.split('.')[0] in ('numpy', 'graphviz') for m in sys.modules))"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_loads_nothing_that_reads_source_or_signatures() -> None:
    program = """
import sys
before = set(sys.modules)
import microgradx
print({"ast", "dataclasses", "dis", "inspect", "linecache", "pathlib"} & set(sys.modules) - before)
"""
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "set()"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'microgradx' has no attribute 'tahn'"):
        _ = mx.tahn


def test_files_state_their_purpose_first_and_leave_nothing_to_do() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        assert ast.get_docstring(ast.parse(text)), path
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", text), path



def test_texts_are_plain_english() -> None:
    kinds = "number|input|output|list|dict|tuple|structure|function|model|optimizer|graph|Value|string|name"
    stilted = rf"(?<![Tt]here )\bis no ({kinds})\b"
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.md")]:
        found = re.search(stilted, path.read_text())
        assert found is None, f"{path}: {found and found[0]!r}: write 'is not a ...'"


WINGS = {
    "view": [
        {"__init__", "html_page", "layout", "theme", "trace", "words"},
        {"wording", "stages"},
        {"drawing", "questions"},
        {"stepping"},
    ],
    "replay": [
        {"__init__", "ledger", "tape"},
        {"derivatives", "regroup", "together"},
        {"run"},
        {"arrange", "plain_arguments", "tell"},
        {"arguments"},
        {"eager", "program"},
        {"connected", "specialization"},
        {"cache"},
        {"function"},
        {"batch", "shortcut"},
        {"answers"},
        {"compiled"},
        {"compile"},
    ],
    "testing": [
        {"c_functions", "line", "parameters", "stairs", "verdicts"},
        {"foreign", "pairs", "report_text", "reproduce"},
        {"differences", "gradient_layout", "numeric", "outputs", "points"},
        {"first_step", "frameworks", "inputs", "report", "second_opinion", "surroundings"},
        {"claimed", "concluded", "diagnosis", "domains", "joint_kinks", "many_inputs", "mutants", "reconsidered", "sixty_digits"},
        {"measured"},
        {"blame", "contract", "derivative_of", "one_point"},
        {"check_op", "judging", "products"},
        {"probing", "second_order"},
        {"check_gradient"},
        {"check_hvp", "check_jvp", "check_module", "check_vjp", "command", "trying"},
        {"audit"},
        {"__init__"},
    ],
    "nn": [
        {"assignment", "gradients", "history",
         "lookup", "model_file", "parameter_list", "settings", "training_mode"},
        {"activations", "clipping", "init", "losses", "module", "memories", "progress", "samples", "schedules"},
        {"data", "mistakes", "optimizer", "right_answers", "snapshots", "units"},
        {"diagnosis", "modules", "optim"},
        {"batch_norm", "dropout", "embedding", "sequential"},
        {"architecture", "in_training"},
        {"node_by_node", "saving"},
        {"replayed"},
        {"prediction", "training_run"},
        {"plots", "train"},
        {"overfit", "playground", "rate_range"},
        {"__init__"},
    ],
    "bench": [
        {"__init__", "case"},
        {"formulas", "networks"},
        {"cases"},
        {"measure"},
    ],
    "teach": [
        {"engine_cases", "passes", "student_file"},
        {"slips"},
        {"conformance", "hand_in", "verdict"},
        {"grade", "question"},
        {"page"},
        {"sheet"},
        {"grading_process", "pytest_questions"},
        {"command"},
        {"__init__"},
    ],
}
"""The rooms of each wing, its folders and files, from the ground up. What is imported for annotations alone does not count."""

LATE_IN_WINGS = {("nn", "module", "prediction"), ("nn", "history", "plots"), ("nn", "samples", "data")}
"""What an object offers by a room above it: a model its `predict`, a history its `plot`, samples their part for validation."""


def imported_in_wing(path: Path, wing: str) -> set[str]:
    """The rooms of its own wing that a file imports from."""
    inside = path.relative_to(PACKAGE / wing).parts[:-1]
    tree = parsed(path)
    annotations = for_annotations(tree)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and 0 < node.level <= len(inside) + 1 and id(node) not in annotations:
            way = [*inside[: len(inside) + 1 - node.level], *(node.module.split(".") if node.module else [])]
            found |= {way[0]} if way else {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("wing", WINGS)
def test_every_room_of_a_wing_imports_only_from_floors_below(wing: str) -> None:
    floors = {name: place for place, names in enumerate(WINGS[wing]) for name in names}
    for path in sorted((PACKAGE / wing).rglob("*.py")):
        here = path.relative_to(PACKAGE / wing).with_suffix("").parts[0]
        assert here in floors, f"put {here} of {wing} on a floor of WINGS"
        for other in imported_in_wing(path, wing) - {here}:
            if other in floors and (wing, here, other) not in LATE_IN_WINGS:
                assert floors[other] < floors[here], f"{path} imports {other}"


def public_names(path: Path) -> set[str]:
    """What a file defines at its top level."""
    found: set[str] = set()
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
            found |= {part.id for part in parts if isinstance(part.ctx, ast.Store)}
    return {name for name in found if name[0] != "_"}


TWINS = {"ieee.py", "special.py", "tails.py"}
"""The numbers behind the table: a function there has the name of the operation whose value it is."""

SPACES = {("nn", "init.py"), ("nn", "schedules.py"), ("nn", "data.py")}
"""Rooms whose functions are written with the room before them: `nn.init.constant` and `nn.schedules.constant`."""

SAID_TWICE = {"number", "clip"}
"""What makes a float of a thing, and what writes one for display; what bounds a value, and what shortens a text."""


def test_no_two_files_define_the_same_public_name() -> None:
    seen: dict[str, Path] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        if parts == ("micrograd.py",) or parts in SPACES or parts[0] in TWINS:
            continue
        for name in public_names(path) - SAID_TWICE:
            assert name not in seen, f"{path} and {seen[name]} both define {name}"
            seen[name] = path


def test_the_check_of_a_wing_sees_an_arrow_that_points_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "cases.py").write_text("def late():\n    from .measure import bench")
    with pytest.raises(AssertionError, match="imports measure"):
        test_every_room_of_a_wing_imports_only_from_floors_below("bench")
