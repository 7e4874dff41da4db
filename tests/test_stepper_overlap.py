"""Where a skip makes layers overlap in firing order, the gradients so far add up over the steps as they are shown."""

import html
import re

import pytest
from test_page import visit, write  # noqa: F401  # fixtures
from test_stepper import net_loss
from test_stepper_width import terminal  # noqa: F401

from microgradx import Value, nn, stepper

BLOCK_ROW = re.compile(r"^  (\S+) .* = +(\S+) +(\S+) -> (\S+)( +final)?", re.M)
PAGE_ROW = re.compile(r"<tr[^>]*><th[^>]*>[^<]*</th>" + "<td>([^<]*)</td>" * 7)


class Residual(nn.Module):
    """x + inner(x)"""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, x):
        x = list(x)
        return [a + b for a, b in zip(self.inner(x), x, strict=True)]


def skipping(x=0.5):
    model = nn.Sequential(
        nn.Layer(1, 2, "tanh", rng=0),
        Residual(nn.Layer(2, 2, "tanh", rng=1)),
        Residual(Residual(nn.Layer(2, 2, "tanh", rng=3))),
        nn.Layer(2, 1, "linear", rng=2),
    )
    return model([x])


def adds_up(rows, tolerance):
    """Whether each row goes on where the last one of its value ended, and ends where its sum leads."""
    ended, mentions = {}, 0
    for name, added, before, after in rows:
        mentions += name in ended
        assert float(before) == ended.get(name, 0.0)
        assert float(before) + float(added) == pytest.approx(float(after), **tolerance)
        ended[name] = float(after)
    return ended, mentions


@pytest.mark.parametrize("by", ["node", "neuron", "layer"])
@pytest.mark.parametrize("make", [skipping, lambda: net_loss()[0]])
def test_the_gradient_so_far_goes_on_where_the_last_step_left_it(make, by):
    s = stepper(make(), by=by)
    last = {}
    for step in s:
        for place in step.group.edges:
            edge, arrival = s.trace[place], step.of.arrived(place)
            nth, before = last.get(edge.operand, (0, 0.0))
            assert (arrival.nth, arrival.before) == (nth + 1, before)
            assert arrival.before + edge.contribution == pytest.approx(arrival.after, rel=1e-12)
            last[edge.operand] = arrival.nth, arrival.after
    for node, (nth, after) in last.items():
        assert (nth, after) == (len(s.trace.into[node]), s.trace.adjoints[node])


def test_the_sums_of_every_block_add_up_where_two_layers_overlap(terminal):  # noqa: F811
    terminal(200)
    s = stepper(skipping(), by="layer", digits=17)
    rows = [[cell.lstrip("~") for cell in row] for step in s for row in BLOCK_ROW.findall(str(step))]
    ended, mentions = adds_up([row[:4] for row in rows], {"rel": 1e-12})
    assert mentions >= 4
    assert [row[0] for row in rows if not row[4] and ended[row[0]] == float(row[3])] == []
    assert ended["L0.n0"] == s.gradient("L0.n0")


def test_the_page_adds_up_where_two_layers_overlap(write):  # noqa: F811
    page = write(skipping(), by="layer").read_text()
    rows = [list(map(html.unescape, row)) for row in PAGE_ROW.findall(page)]
    _, mentions = adds_up([(row[2], row[4], *row[5].split(" -> ")) for row in rows], {"rel": 1e-3, "abs": 2e-4})
    assert mentions >= 4


def test_so_far_and_watch_count_what_the_shown_steps_have_sent():
    s = stepper(skipping(), by="layer").watch("L0.n0")
    sent = 0.0
    for step in list(s):
        s.next()
        sent += sum(edge.contribution for edge in step.contributions if step.of.names[edge.operand] == "L0.n0")
        assert s.so_far("L0.n0") == pytest.approx(sent, rel=1e-12)
    assert s.so_far("L0.n0") == s.gradient("L0.n0")


def test_the_step_of_an_input_is_the_one_that_completes_it():
    class Gated(nn.Module):
        """A short way that is computed first, and so fires last, beside a long one."""

        def __init__(self):
            self.short, self.first, self.second = (nn.Neuron(1, "tanh", rng=k) for k in range(3))

        def __call__(self, x):
            short = self.short(x)
            return short + self.second([self.first(x)])

    x = Value(0.5, "x")
    s = stepper(Gated()([x]), by="layer")
    assert s["x"].number == max(step.number for step in s if any(edge.operand is x for edge in step.contributions))
    assert s.goto("x").so_far("x") == s.gradient("x")


@pytest.mark.browser
def test_the_page_still_adds_up_after_a_number_was_set(visit):  # noqa: F811
    page = visit(skipping(), by="layer")
    page.evaluate("play.set(graph.model.op.findIndex(op => op < 0), 0.75)")
    rows = page.evaluate("[...document.querySelectorAll('tbody tr')].map(row => [...row.cells].map(cell => cell.textContent))")
    _, mentions = adds_up([(row[3], row[5], *row[6].split(" -> ")) for row in rows], {"rel": 1e-3, "abs": 2e-4})
    assert mentions >= 4
