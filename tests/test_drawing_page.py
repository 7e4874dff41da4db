"""The page of a drawing, driven in a browser: it pans, pinches, searches, opens folds and changes its colours."""

from __future__ import annotations

import json
import re

import pytest

from microgradx import Value, draw, nn
from microgradx.view.theme import DARK, LIGHT


def expression() -> Value:
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    return (a * b + c) * f


def folded() -> Value:
    model = nn.MLP(2, [4, 1], activation="tanh", rng=1)
    return sum(((model([0.1 * k, 1.0]) - 1.0) ** 2 for k in range(20)), Value(0.0))


def test_the_page_is_made_for_a_phone_and_asks_the_network_for_nothing():
    page = draw(expression()).to_html()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="?http', page)


def test_what_folded_cards_hold_is_in_the_page():
    drawn = draw(folded(), detail="neurons")
    page = drawn.to_html()
    insides = set(re.findall(r'<template id="inside-([^"]+)">', page))
    folds = {id for id, kind in re.findall(r'^\t(n\w+) \[.*?shape="(box3d)"', drawn.source, re.MULTILINE)}
    assert insides == folds
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


@pytest.fixture
def visit(look_at, tmp_path):
    """Open the page of a drawing."""

    def open_page(drawn, scheme="light", **how):
        return look_at(f"file://{drawn.save(tmp_path / 'page.html')}", color_scheme=scheme, **how)

    return open_page


def box(page):
    return page.evaluate("(b => [b.x, b.y, b.width, b.height])(document.querySelector('main > svg').viewBox.baseVal)")


@pytest.mark.browser
def test_the_mouse_pans_and_the_wheel_zooms(visit):
    page = visit(draw(expression()))
    start = box(page)
    page.mouse.move(300, 300)
    page.mouse.down()
    page.mouse.move(360, 330)
    page.mouse.up()
    moved = box(page)
    assert moved[0] < start[0]
    assert moved[2:] == start[2:]
    page.mouse.wheel(0, -200)
    assert box(page)[2] < start[2]
    page.keyboard.press("0")
    assert box(page) == start


@pytest.mark.browser
def test_two_fingers_pinch(visit):
    page = visit(draw(expression()), has_touch=True)
    before = box(page)
    page.evaluate(
        """() => {
          const svg = document.querySelector("main > svg");
          const send = (kind, id, x, y) => svg.dispatchEvent(
            new PointerEvent(kind, { pointerId: id, clientX: x, clientY: y, bubbles: true, pointerType: "touch" }));
          svg.setPointerCapture = () => {};
          send("pointerdown", 1, 300, 300); send("pointerdown", 2, 400, 300);
          send("pointermove", 2, 500, 300);
          send("pointerup", 1, 300, 300); send("pointerup", 2, 500, 300);
        }"""
    )
    assert box(page)[2] == pytest.approx(before[2] / 2, rel=1e-6)


@pytest.mark.browser
def test_a_card_under_the_pointer_lights_its_wires(visit):
    drawn = draw(expression())
    page = visit(drawn)
    page.locator(".node").filter(has_text="out = ").first.hover()
    assert page.locator("main > svg.lit").count() == 1
    assert page.locator(".edge.on").count() == 2


@pytest.mark.browser
def test_a_value_is_found_by_its_name(visit):
    page = visit(draw(expression()))
    page.keyboard.press("/")
    page.keyboard.type("c")
    assert page.locator(".told").text_content().endswith(" found")
    page.locator(".find").fill("grad 4")
    assert page.locator(".node.on").count() == 1
    before = box(page)
    page.keyboard.press("Enter")
    assert box(page)[:2] != before[:2]
    page.keyboard.press("Escape")
    assert page.locator(".node.on").count() == 0


@pytest.mark.browser
def test_a_folded_card_opens_and_closes(visit):
    drawn = draw(folded(), detail="neurons")
    page = visit(drawn)
    page.locator(".node.opens").first.click()
    assert page.locator("dialog[open] svg .node").count() > 2
    page.locator("dialog").click(position={"x": 4, "y": 4})
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.browser
def test_the_colours_follow_the_system_and_the_button(visit):
    page = visit(draw(expression(), theme="auto"), scheme="dark")
    paint = "getComputedStyle(document.querySelector('.paper')).fill"
    shades = [json.loads(json.dumps(page.evaluate(paint)))]
    page.locator("[data-go=theme]").click()
    shades.append(page.evaluate(paint))
    rgb = [f"rgb({', '.join(str(int(c.background[k:k + 2], 16)) for k in (1, 3, 5))})" for c in (DARK, LIGHT)]
    assert shades == rgb
