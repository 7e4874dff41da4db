"""The page of a sheet: a drawing without gradients, and an empty field for each that is asked, judged without telling it."""

from __future__ import annotations

import hashlib
import json
import re
from html import escape
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

from ...engine import Value
from ...view.drawing.draw import draw
from ...view.html_page import HtmlPage, document
from ...view.layout.renderers import RendererUnavailable
from ...view.theme import LIGHT, css_colours, drawing_rules, page_colours
from ..grade import of_points
from ..question import Task
from .hidden import hashed, spellings_near

if TYPE_CHECKING:
    from ..sheet import Paper


class ExercisePage(HtmlPage):
    """One self-contained page: `save` writes it, a notebook shows it."""

    FILE = "exercise.html"
    MAY = "allow-scripts allow-downloads"


def exercise_page(paper: Paper) -> ExercisePage:
    """The page of a student. It asks the network for nothing, and its policy lets only its own script and style run."""
    sheet, student = paper.sheet, paper.student
    salt = hashlib.sha256(f"{sheet.title}/{student}".encode()).hexdigest()[:12]
    colours = {name: f"var(--{name})" for name in css_colours(LIGHT)}
    style = page_colours("auto") + drawing_rules(".graph svg", colours) + _file("exercise.css")
    script = '"use strict";\n' + _file("exercise.js")
    data = {
        "sheet": sheet.title, "student": student, "salt": salt, "tries": sheet.tries,
        "questions": [_known(salt, name, task) for name, task in paper.tasks.items() if isinstance(task, Task)],
    }  # fmt: skip
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    parts = {
        "title": escape(sheet.title),
        "student": escape(student),
        "data": text,
        "questions": "\n".join(_shown(place, name, task) for place, (name, task) in enumerate(paper.tasks.items())),
    }
    return ExercisePage(document(sheet.title, Template(_file("exercise.html")).substitute(parts), style, script))


def _known(salt: str, name: str, task: Task) -> dict[str, Any]:
    """What the page knows of the answers to a question: hashes of right and of known wrong ones, and what to say."""
    fields = []
    for field, known in task.asked.items():
        taken = set(_hashes(salt, name, field, known.right))
        told: list[tuple[str, list[int]]] = [("right", sorted(taken))]
        for candidate in known.candidates:
            new = sorted(set(_hashes(salt, name, field, candidate.number)) - taken)
            taken |= set(new)
            told += [(candidate.told, new)] if new else []
        fields.append({"name": field, "known": told})
    return {"name": name, "fields": fields}


def _hashes(salt: str, question: str, field: str, number: float) -> list[int]:
    return [hashed(f"{salt}/{question}/{field}/{text}") for text in spellings_near(number)]


def _shown(place: int, name: str, task: Any) -> str:
    """The section of one question."""
    head = f"<h2>{place + 1}. {escape(name)} <small>{of_points(task.question.points)}</small></h2>"
    if not isinstance(task, Task):
        return f"<section>{head}<p>{escape(task.text())}, and hand it in as Python.</p></section>"
    rows = [
        f'<p class="field" data-question="{escape(name)}" data-field="{escape(field)}"><label>gradient of <b>{escape(field)}</b> '
        '<input type="text" inputmode="decimal" autocomplete="off" disabled></label> '
        '<button type="button" disabled>judge</button> <output role="status"></output></p>'
        for field in task.asked
    ]
    return f'<section>{head}<p class="formula">{escape(task.formula())}</p>{_drawing(task.output)}{"".join(rows)}</section>'


def _drawing(output: Value) -> str:
    """The graph with its values; where nobody can lay it out, the formula above must do."""
    try:
        svg = draw(output, step=0, edges="none", caption=False).svg()
    except RendererUnavailable:
        return ""
    svg = re.sub(r"<title>[^<]*</title>", "", svg[svg.index("<svg") :])  # they tell local derivatives
    return f'<figure class="graph" tabindex="0" aria-label="the graph with its values">{svg}</figure>'


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
