"""The page of a sheet: empty fields that judge by hashes, open from the output down, and tell no number."""

import json
import re

import pytest
from test_page import Tags

from microgradx import teach
from microgradx.teach.page.hidden import digits, hashed, spellings_near
from microgradx.teach.slips import near

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&"


def sheet(**options):
    product = teach.Question("product", "(a*b + c) * f", {"a": 2, "b": -3.25, "c": 10, "f": -2})
    return teach.Sheet("Week 3", [product, teach.Derivative("slope", lambda x: x.tanh())], **options)


@pytest.fixture
def page(look_at, tmp_path):
    return lambda paper, **how: look_at(paper.page().save(tmp_path / "page.html").as_uri(), **how)


def test_the_source_of_a_page_shows_no_gradient():
    text = sheet().paper("anna").page().html
    shown = re.sub(r"<style>.*?</style>|<script.*?</script>|<title>.*?</title>", " ", text, flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>", " ", shown)  # coordinates of the drawing are attributes
    numbers = {float(x) for x in re.findall(r"-?\d+\.?\d*", shown)}
    assert numbers >= {2.0, -3.25, 3.5}
    assert not numbers & {6.5, -4.0}  # the gradients of a and b
    assert "local derivative" not in shown


def test_a_page_is_inert_and_asks_for_nothing():
    hostile = teach.Sheet(HOSTILE, [teach.Question(HOSTILE, "a*b", {"a": 2, "b": 3})])
    text = hostile.paper(HOSTILE).page().html
    assert {tag for tag, _ in Tags(text).tags} & {"img", "link", "iframe"} == set()
    assert "default-src 'none'" in text
    assert not re.findall(r"https?://(?!www\.w3\.org)", text)
    assert "<iframe srcdoc=" in hostile.paper("x")._repr_html_()
    assert repr(hostile.paper("x").page()).startswith("<page of ")


def test_a_page_is_not_written_into_a_file_of_another_kind(tmp_path):
    with pytest.raises(ValueError, match=r"p\.pdf' would hold a page of HTML: end the name in \.html"):
        sheet().paper("anna").page().save(tmp_path / "p.pdf")


@pytest.mark.parametrize("number", [6.0, -0.19, 1.005, 99.96, 1e-7, 0.999, 123456.0, 1.0, -7.77])
def test_every_spelling_of_three_digits_that_is_near_is_known_and_no_other(number):
    known = list(spellings_near(number))
    assert digits(number) in known
    assert all(near(float(text), number) or text == digits(number) for text in known)
    assert digits(1.01 * number) not in known
    assert digits(-number) not in known
    assert len(known) == len(set(map(hashed, known)))


@pytest.mark.browser
def test_answers_are_judged_from_the_output_down(page):
    view = page(sheet().paper("anna"))
    names = [view.locator(".field b").nth(k).text_content() for k in range(4)]
    assert names == ["f", "c", "b", "a"]
    fields = [view.locator(".field input").nth(k) for k in range(4)]
    assert [field.is_enabled() for field in fields] == [True, False, False, False]
    said = {"1": "that is what arrives at", "x": "write a number", "-3.5": "the sign is not", "3.5": "right, after 3 tries"}
    for answer, told in said.items():
        fields[0].fill(answer)
        fields[0].press("Enter")
        assert told in view.locator(".field output").nth(0).text_content()
    fields[1].fill("-2,001")
    fields[1].press("Enter")
    assert view.locator(".field output").nth(1).text_content() == "right"
    assert view.evaluate("document.activeElement === document.querySelectorAll('.field input')[2]")
    fields[2].fill("2")
    view.locator(".field button").nth(2).click()
    assert "alone: multiply by what arrives there" in view.locator(".field output").nth(2).text_content()
    assert view.locator(".score").text_content() == "2 of 4 gradients are right"
    handed_in = json.loads(view.locator("textarea").input_value())
    assert handed_in["answers"] == {"product": {"f": [1, -3.5, 3.5], "c": [-2.001], "b": [2]}}
    assert sheet().grade(handed_in["answers"], "anna").points == 2.0


@pytest.mark.browser
def test_python_and_the_page_know_the_same_hashes(page):
    view = page(sheet().paper("anna"))
    for text in ("a/6.00e+0", "x", "question/äöü/-1.23e-4"):
        assert view.evaluate("text => hashed(text)", text) == hashed(text)
    for number in (6.0, -0.00012345, 99.96, 0.0, 123456.0):
        assert view.evaluate("x => digits(x)", number) == digits(number)


@pytest.mark.browser
def test_a_button_saves_the_answers_as_the_file_to_hand_in(page, tmp_path):
    student = "Änne / O'Hara"
    view = page(sheet().paper(student))
    view.locator(".field input").first.fill("3.5")
    view.locator(".field input").first.press("Enter")
    with view.expect_download() as saved:
        view.locator("button.save").click()
    assert saved.value.suggested_filename == "Änne_O_Hara.json"
    saved.value.save_as(tmp_path / "hand_in.json")
    assert sheet().grade(tmp_path / "hand_in.json", student).points == 1.0
    assert 'sandbox="allow-scripts allow-downloads"' in sheet().paper("anna")._repr_html_()


@pytest.mark.browser
def test_a_printed_page_is_a_handout_on_white_paper(page):
    view = page(sheet().paper("anna"), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = view.evaluate(ground)
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.evaluate(ground) == "rgb(255, 255, 255)" != dark
    view.evaluate("dispatchEvent(new Event('afterprint'))")
    assert view.evaluate(ground) == dark
    view.emulate_media(media="print")
    assert not view.locator("button, footer, header span").filter(visible=True).count()
    lines = view.locator(".field input").evaluate_all("all => all.map(x => getComputedStyle(x).borderStyle)")
    assert lines == ["none none solid"] * 4
    assert view.locator(".formula").first.is_visible()


@pytest.mark.browser
def test_tries_run_out(page):
    view = page(sheet(tries=2).paper("anna"))
    field = view.locator(".field input").first
    for answer in ("5", "50"):
        field.fill(answer)
        field.press("Enter")
    assert not field.is_enabled()
    assert view.locator(".field input").nth(1).is_enabled()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_does_not_scroll_sideways(page, scheme):
    view = page(sheet().paper("anna"), viewport={"width": 400, "height": 800}, color_scheme=scheme)
    assert view.evaluate("document.documentElement.scrollWidth") <= 400
