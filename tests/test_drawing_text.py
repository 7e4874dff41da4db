"""A graph as text, and as a picture that moves."""

from __future__ import annotations

import re
import xml.etree.ElementTree as xml

import pytest

from microgradx import Value, animate, draw, formula, mermaid, stepper, tree
from microgradx import sum as total
from microgradx.view.theme import LIGHT, THEMES

SVG = "{http://www.w3.org/2000/svg}"


def expression() -> Value:
    a, b, c, f = (Value(x, label=name) for x, name in ((2.0, "a"), (-3.0, "b"), (10.0, "c"), (-2.0, "f")))
    out = (a * b + c) * f
    out.label = "L"
    return out


def test_a_tree_shows_shared_values_once():
    x = Value(3.0, label="x")
    y = x * x
    z = y + y
    z.backward()
    assert tree(z).splitlines() == [
        "z = y + y = 18, grad 1",
        "  y = x * x = 9, grad 2",
        "    x = 3, grad 12",
        "    x: above",
        "  y: above",
    ]


def test_a_tree_needs_no_backward_pass_and_says_where_grad_differs():
    assert tree(Value(1.0, label="x")) == "x = 1, grad 1"
    y = Value(1.0, label="x") * 2
    y.backward()
    y.backward()
    assert tree(y).splitlines()[1:] == ["  x = 1, grad 2", "`.grad` is 2 times this pass for x: zero_grad() forgotten?"]


def test_a_tree_is_bounded_and_counts_what_is_left_out():
    y = Value(1.0)
    for _ in range(5_000):
        y = y + 1.0
    text = tree(y, depth=2)
    assert text.splitlines()[-1] == "... and 4,998 more values"
    assert len(text.splitlines()) == 4
    assert len(tree(y, depth=10**9, lines=7).splitlines()) == 8


def test_a_tree_of_nothing_is_refused():
    with pytest.raises(ValueError, match="depth=-1, lines=100 leave nothing to write"):
        tree(Value(1.0), depth=-1)


def test_mermaid_text_has_a_node_per_value_and_an_arrow_per_operand():
    text = mermaid(expression())
    assert len(re.findall(r"^  n\d+[\[(]", text, re.MULTILINE)) == 7
    assert text.count(" -->") == 6


def test_the_arrows_of_mermaid_text_carry_sign_and_width():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    text = mermaid(a * 100.0 - b)
    styles = dict(re.findall(r"linkStyle (\d+) stroke:(\S+),stroke-width:", text))
    assert sorted(styles.values()) == sorted([LIGHT.tones["pos"][0]] * 2 + [LIGHT.tones["neg"][0]])
    widths = {float(x) for x in re.findall(r"stroke-width:([\d.]+)px", text)}
    assert len(widths) > 1


def test_a_label_cannot_turn_the_direction_of_text_or_drive_a_terminal():
    x = Value(2.0, label="\u202eevil\u2066")
    drawn = draw(x * 3.0)
    for text in (drawn.svg(), drawn.source, drawn.to_html(), mermaid(x * 3.0), tree(x * 3.0), formula(x * 3.0)):
        assert not set(text) & set("\u202e\u2066")
    assert formula(Value(2.0, label="\x1b[31mX\ud800") * 3.0) == "\\x1b[31mX\\ud800 * 3"


def test_a_tree_is_bounded_in_width_and_drives_no_terminal():
    xs = [Value(1.0, label="x" * 10_000), Value(2.0, label="\x1b[31mred\ud800"), *[Value(float(k)) for k in range(5_000)]]
    text = tree(total(xs))
    assert max(map(len, text.splitlines())) < 200
    assert text.isascii()
    assert "\x1b" not in text


@pytest.mark.parametrize("function", [tree, mermaid])
def test_text_of_what_is_no_value_is_refused(function):
    with pytest.raises(TypeError, match=rf"{function.__name__} needs a Value, got 3\.0: write the result of an expression"):
        function(3.0)


def test_mermaid_text_is_inert():
    text = mermaid(Value(1.0, label='"]<b>#x\n') * 2)
    assert 'n0(["#quot;]#lt;b#gt;#35;x <br>1<br>grad 2"])' in text


def test_mermaid_text_of_a_large_graph_is_folded():
    y = Value(1.0)
    for _ in range(400):
        y = (y * 1.5).tanh()
    assert len(mermaid(y).splitlines()) < 40


def test_an_animation_has_a_frame_per_step_and_ends_with_the_gradients(tmp_path):
    out = expression()
    assert animate(out, tmp_path / "pass.svg") == str(tmp_path / "pass.svg")
    text = (tmp_path / "pass.svg").read_text()
    frames = [group for group in xml.fromstring(text).iter(f"{SVG}g") if "frame" in group.get("class", "")]
    captions = [frame.findall(f"{SVG}text")[-1].text for frame in frames]
    assert captions == [
        "Step 0 of 3: the seed, d(L) / d(L) = 1.",
        "Step 1 of 3: L passes its gradient on.",
        "Step 2 of 3: a*b + c passes its gradient on.",
        "Step 3 of 3: a*b passes its gradient on.",
    ]
    assert "grad 6" in [element.text for element in frames[-1].iter(f"{SVG}text")]
    assert not out.reached
    assert "<script" not in text


def test_an_animation_that_ends_in_html_is_the_steppers_page(tmp_path):
    a, b = Value(2.0), Value(-3.0)
    product = a * b
    assert animate(product, tmp_path / "pass.html") == str(tmp_path / "pass.html")
    stepper(product).to_html(tmp_path / "stepper.html")
    assert (tmp_path / "pass.html").read_text() == (tmp_path / "stepper.html").read_text()
    animate(product, tmp_path / "pass.html", names={"price": a})
    assert "price" in (tmp_path / "pass.html").read_text()


def test_the_frames_of_an_animation_are_laid_out_alike(tmp_path):
    animate(expression(), tmp_path / "pass.svg")
    frames = [g for g in xml.parse(tmp_path / "pass.svg").iter(f"{SVG}g") if "frame" in g.get("class", "")]
    cards = [
        [group.find(f"{SVG}text").get("x") for group in frame.iter(f"{SVG}g") if group.get("class", "").startswith("node")]
        for frame in frames
    ]
    assert len(cards) == 4
    assert all(places == cards[0] for places in cards)


def test_a_wire_without_a_label_yet_is_whole(tmp_path):
    animate(expression(), tmp_path / "pass.svg")
    frames = [g for g in xml.parse(tmp_path / "pass.svg").iter(f"{SVG}g") if "frame" in g.get("class", "")]
    halos = [sum(shape.get("class") == "halo" for shape in frame.iter(f"{SVG}polygon")) for frame in frames]
    assert halos == [0, 2, 4, 6]


def test_the_last_frame_shows_where_nothing_moves(tmp_path):
    animate(expression(), tmp_path / "pass.svg")
    style = re.search(r"<style>(.*?)</style>", (tmp_path / "pass.svg").read_text())[1]
    assert re.match(r"\.(a\w+-)frame\{visibility:hidden\}\.\1(3)\{visibility:visible\}", style)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": "pass.gif"}, "an animation is an SVG file or a page, got 'pass.gif': write for example animate(y, 'pass.svg')"),
        ({"path": "pass.svg", "seconds": 0.0}, "seconds=0.0 shows no step"),
        ({"path": "pass.svg", "theme": "pink"}, f"theme='pink' is not known: write one of {', '.join(map(repr, THEMES))}"),
    ],
)
def test_an_animation_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        animate(expression(), **arguments)


def test_too_many_steps_are_refused(tmp_path):
    y = Value(1.0)
    for _ in range(61):
        y = y + 1.0
    with pytest.raises(ValueError, match="61 steps, an animation shows at most 60"):
        animate(y, tmp_path / "pass.svg")
    assert list(tmp_path.iterdir()) == []


def test_too_many_values_are_refused_before_they_are_laid_out(tmp_path):
    wide = total([Value(1.0) for _ in range(5_000)])
    with pytest.raises(ValueError, match=r"5,001 values, an animation shows at most 300: .* ends in \.html gets a page"):
        animate(wide, tmp_path / "pass.svg")
