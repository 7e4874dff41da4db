"""Moves, stops, filters, guesses, grouped steps and the prompt: what a learner types in the wrong order works or is told."""

import io
import math
import pdb
import re
from pathlib import Path

import pytest
from test_stepper import expression, net_loss

import microgradx as mx
from microgradx import Value, nn, stepper
from microgradx.cli import main
from microgradx.view.stepping.prompt import HELP, SHORT, Prompt
from microgradx.view.words.notation import number


def batch_loss(samples=12):
    model = nn.MLP(2, [4, 4, 1], rng=3)
    losses = [(model([math.cos(k), math.sin(k)]) - 1.0) ** 2 for k in range(samples)]
    return mx.sum(losses), model


def test_prev_after_single_contributions_takes_those_back_first():
    s = stepper(expression())
    assert s.goto(2).step().part == 1
    assert (s.prev().at, s.part) == (2, 0)
    assert (s.step().prev(2).at, s.part) == (1, 0)


def test_contributions_are_taken_back_one_at_a_time():
    s = stepper(expression()).goto(2)
    places = []
    for _ in range(5):
        s.step(-1)
        places.append((s.at, s.part))
    assert places == [(1, 1), (1, 0), (0, 1), (0, 0), (0, 0)]
    assert "this is the start of the pass" in str(s)
    assert (s.step(3).step(-3).at, s.part) == (0, 0)


@pytest.mark.parametrize("move", ["next", "prev", "step"])
def test_a_count_that_is_none_gets_a_sentence(move):
    with pytest.raises(TypeError, match=rf"{move}\('a'\): write how many, such as {move}\(3\); s\.goto\('a'\) goes to a value"):
        getattr(stepper(expression()), move)("a")


def test_a_jump_to_an_input_shows_the_input():
    loss, model = net_loss()
    weight = model.layers[0].neurons[2].w[1]
    for by in ("neuron", "layer", "node"):
        s = stepper(loss, by=by)
        name = s.shared.names[weight]
        last = str(s.goto(weight)).splitlines()[-1]
        assert last.startswith(f"  dout/d{name} = ") or last.startswith(f"  dloss/d{name} = ")
        assert "complete with this step (1 of 1 in)" in str(s)
        assert "complete with this step" not in str(s.prev())
        assert "complete with this step" in str(stepper(loss, by=by).until(name))


def test_a_weight_of_a_batch_tells_mean_spread_and_zeros():
    loss, model = batch_loss()
    weight = model.layers[0].neurons[2].w[1]
    s = stepper(loss, by="layer")
    text = " ".join(str(s.goto(weight)).split())
    sent = [s.trace[place].contribution for place in s.trace.into[weight]]
    assert re.search(rf"12 contributions of mean ~?{number(sum(sent) / 12)}, spread", text)
    assert (f"{sent.count(0.0)} of them 0" in text) == (0.0 in sent)


def test_the_grain_of_layers_adds_up_what_a_weight_gets_from_all_samples():
    loss, model = batch_loss()
    loss.backward()
    s = stepper(loss, by="layer").goto(-1)
    rows = [line.split() for line in str(s).splitlines() if re.match(r"  L0\.n\d\.", line)]
    names = [row[0] for row in rows]
    assert len(names) == len(set(names))
    grads = {s.shared.names[p]: p.grad for p in model.parameters()}
    for row in rows:
        assert row[1] == "12"
        assert float(row[row.index("=") + 1].lstrip("~")) == pytest.approx(grads[row[0]], rel=1e-3)
        assert "final" in row
    own = [line.split()[0] for line in str(stepper(loss, by="layer").next(2)).splitlines() if "each its own" in line]
    assert own
    assert set(own) <= {f"L1.n{k}" for k in range(4)} | {f"L0.n{k}" for k in range(4)}


def test_only_lists_what_it_shows():
    s = stepper(net_loss()[0]).only(path_to="layers[0].neurons[3].w[0]")
    listed = s.goto(s._visible[5]).list()
    numbers = [int(n) for n in re.findall(r"step (\d+)/", listed)]
    assert set(numbers) <= set(s._visible)
    assert "steps filtered out; s.only() shows all again" in listed


def test_stops_look_at_sizes_and_nan_and_go_back_too():
    x = Value(2.0, "x")
    s = stepper(((x * 3.0) * 5.0) * 7.0).break_on(abs_gt=10.0)
    assert (s.cont().at, s.note) == (2, "stopped: a contribution is above 10")
    assert s.goto(3).cont(back=True).at == 2
    assert s.cont(back=True).at == 0
    assert "this is the start of the pass" in str(s)
    bad = stepper(Value(0.0, "z").log() * 0.0 + x)
    assert bad.break_on(nan=True).cont().note == "stopped: a contribution is nan" or bad.at == len(bad)
    with pytest.raises(TypeError, match="abs_gt='big' is not a number"):
        s.break_on(abs_gt="big")


def test_guesses_are_judged_by_the_size_of_the_gradient():
    t, u, z = Value(1.0, "t"), Value(1.0, "u"), Value(0.0, "z")
    s = stepper(1e-12 * t + 1e-15 * u + 0.0 * z)
    assert s.guess(t=9e-10, u=-9e-10).right == {"t": False, "u": False}
    assert s.guess(t=0).right == {"t": False}
    assert repr(s.guess(t=9e-10, u=-9e-10)) == "t  9e-10 wrong, 900 times too large\nu -9e-10 wrong sign"
    assert repr(s.guess(t=0)) == "t 0 wrong, it is not 0"
    assert repr(s.guess(z=1.0)) == "z 1 wrong, it is 0"
    assert repr(s.guess(t=math.nan)) == "t nan wrong"
    assert s.guess({t: 1.0004e-12}).right == {"t": True}
    assert s.guess({t: 1e-13}).right == {"t": False}
    with pytest.raises(TypeError, match="the guess for t is '6', not a number"):
        s.guess(t="6")


def test_an_infinite_gradient_is_guessed_or_said_to_be_infinite():
    x = Value(0.0, "x")
    s = stepper(x.sqrt())
    assert s.guess(x=math.inf).right == {"x": True}
    assert repr(s.guess(x=1.0)) == "x 1 wrong, it is not finite"


def test_zeros_of_a_grouped_step_have_the_reason_of_the_operation_that_cut_them():
    class Hinge(nn.Module):
        def __call__(self, margins):
            return mx.mean([(1 - margin).relu() for margin in margins])

    v = [Value(float(k - 10), label=f"v{k}") for k in range(24)]
    block = str(stepper(Hinge()(v), by="neuron").next())
    assert "13 more are 0: their relu is off" in block
    assert "no gradient arrives" not in block
    rows = [line.split() for line in block.splitlines() if line.lstrip().startswith("v")]
    assert {(row[1], row[3]) for row in rows} == {("1", "-0.04167")}


def test_several_reasons_are_counted_apart():
    off, zero = Value(-1.0, "off"), Value(0.0, "zero")
    class Parts(nn.Module):
        def __call__(self, xs):
            return mx.sum([(off * x).relu() if k % 2 else zero * x for k, x in enumerate(xs)])

    block = str(stepper(Parts()([Value(1.0, f"x{k}") for k in range(20)]), by="neuron").next())
    assert "10 more are 0: the other factor is 0" in block or "9 more are 0: the other factor is 0" in block
    assert "are 0: their relu is off" in block


def test_a_zero_that_swallows_an_infinity_is_said():
    x = Value(0.0, "x")
    block = str(stepper(x.sqrt() * 0.0).next(2))
    assert "0 x inf counts as 0 here" in " ".join(block.split())
    assert "0 x inf" not in str(stepper(expression()).next())


def test_a_grain_that_nothing_here_has_is_said_and_not_made_up():
    w = [Value(0.1, "a"), Value(0.2, "b")]
    for by in ("neuron", "layer"):
        s = stepper((w[0] * 2.0 + w[1]).tanh(), by=by)
        assert len(s) == 3
        assert f"3 steps by node, as no {by} is known here" in " ".join(str(s).split())


def typed(commands, output=None, **how):
    said = io.StringIO()
    prompt = Prompt(stepper(output or expression(), **how), io.StringIO("\n".join(commands) + "\nquit\n"), said)
    prompt.prompt = ""
    prompt.cmdloop()
    return said.getvalue(), prompt


def test_the_prompt_breaks_on_conditions_and_prints_values():
    text, prompt = typed(["break >5", "c", "p a", "back", "print e", "b dead", "b", "break a", "c"])
    assert "stopped: a contribution is above 5" in text
    assert "a = 2, dL/da = 6\n" in text
    assert "e = -6, dL/de = 0 so far (0 of 1 in)" in text
    assert "stopped: reached a" in text
    assert [stop.reason for stop in prompt.stepper._stops] == ["reached a"]


def test_the_prompt_takes_every_command_of_its_help():
    words = {word for line in HELP.splitlines() for word in re.findall(r"(?:^|  )([a-z]+)(?= |$)", line)}
    _, prompt = typed([])
    assert set(SHORT.values()) - {"help"} <= words
    assert set(prompt.completenames("")) - {"help"} <= words
    named = {"until", "explain", "why", "only", "watch", "last", "print", "break", "goto"}
    rest = {"guess": "guess a=6", "whatif": "whatif a=5", "line": "line 3", "layers": ""}
    typable = [rest.get(word, f"{word} a" if word in named else word) for word in prompt.completenames("") if word != "quit"]
    text, _ = typed([*sorted(typable), "uncommit"])
    assert "no command is called" not in text
    assert "the lines of this graph are not known" in text
    assert "L: -8 -> 10" in text


def test_the_prompt_commits_takes_back_and_goes_on():
    text, prompt = typed(["commit", "uncommit", "uncommit", "commit", "again"], lr=0.5)
    assert "and the weights have moved" in text
    assert "taken back: all is as it was before commit" in text
    assert "nothing was committed by this stepper" in text
    assert prompt.stepper.value("a") == 2.0 - 0.5 * 6.0


def test_commands_without_their_name_and_numbers_that_are_none_get_a_sentence():
    text, _ = typed(["explain", "guess a=six", "next x", "goto", "p nobody", "frobnicate"])
    assert "explain what? Write for example: explain a" in text
    assert "'six' is not a number: write for example x=6" in text
    assert "'x' is not a count of steps" in text
    assert "goto what?" in text
    assert "no value is called 'nobody'" in text


def test_the_prompt_and_a_shell_speak_of_commands_and_python_of_methods(capsys):
    """Wherever a block or an error says what to write next, it can be typed there as it stands."""
    wide = mx.sum(Value(float(k), f"x{k}") ** 2 for k in range(1, 30))
    walked = [*["next"] * 3, "until a", "only a", "list", "next", "only", "commit", "full", "whatif", "explain a"]
    for told in (typed(walked)[0], typed(["next", "full"], wide)[0]):
        assert not re.search(r"\bs\.\w+\(", told)
    told = typed(walked, lr=0.5)[0]
    assert ".grad is untouched until commit " in told
    assert "behind us; goto 3 goes there" in told
    assert "filtered out; only shows all again" in told
    assert "committed: the weights have moved; again goes on, uncommit takes it back" in told
    assert "for example whatif a=3.0" in told
    assert "none of them larger; full lists all" in typed(["next"], wide)[0]
    assert "-k 29 lists all" in typed(["explain x"], twenty_nine_ways())[0]
    assert typed(["explain x -k 29"], twenty_nine_ways())[0].count("+1 ") == 29
    assert main(["step", "a * b", "a=2", "b=3"]) == 0
    assert ".grad is untouched until commit (-i)" in capsys.readouterr().out
    assert main(["explain", "x*x*x*x*x*x", "x=1"]) == 0
    assert "-k 6 lists all" in capsys.readouterr().out
    assert ".grad is untouched until s.commit()" in str(stepper(wide))


def twenty_nine_ways():
    x = Value(1.0, "x")
    return mx.sum([x] * 29)


def test_ctrl_c_stays_inside_the_prompt(monkeypatch):
    said = io.StringIO()
    lines = iter(["next", KeyboardInterrupt, "where", "quit"])

    class Keyboard:
        def readline(self):
            line = next(lines)
            if line is KeyboardInterrupt:
                raise KeyboardInterrupt
            return f"{line}\n"

    prompt = Prompt(stepper(expression()), Keyboard(), said)
    prompt.prompt = ""
    prompt.cmdloop()
    assert "Ctrl-C: still here; quit leaves" in said.getvalue()
    assert said.getvalue().rstrip().endswith("L")


def test_variables_of_the_guides_are_no_commands_of_pdb():
    commands = {name.removeprefix("do_") for name in dir(pdb.Pdb) if name.startswith("do_")}
    guide = (Path(mx.__file__).parent / "view" / "README.md").read_text()
    sessions = "\n".join(re.findall(r"```pycon\n(.*?)```", guide, re.DOTALL))
    typed_first = set(re.findall(r"(?m)^>>> ([A-Za-z_]\w*)", sessions)) - {"from", "for", "import", "print"}
    assert typed_first
    assert not typed_first & commands


def test_a_neuron_is_one_step_for_all_samples_of_a_batch():
    loss, model = batch_loss()
    loss.backward()
    s = stepper(loss, by="neuron")
    assert len(s) == 1 + 1 + 4 + 4
    weight = model.layers[0].neurons[2].w[1]
    name = s.shared.names[weight]
    row = next(line.split() for line in str(s.goto(weight)).splitlines() if line.split()[:1] == [name])
    assert (row[1], row[-1]) == ("12", "final")
    assert float(row[row.index("=") + 1].lstrip("~")) == pytest.approx(weight.grad, rel=1e-3)
    off = sum(head.data == 0.0 for head in s[weight].heads)  # of a relu
    assert s[weight].off == off
    assert (f"off in {off} of 12 samples" in " ".join(str(s).split())) == bool(off)
    done = set()
    for step in s:  # a value fires only when all that it goes into has fired
        done |= set(step.nodes)
        assert all(s.trace[place].node in done for node in step.nodes for place in s.trace.into.get(node, ()))


def test_one_sample_of_a_batch_is_walked_alone():
    loss, model = batch_loss()
    weight = model.layers[0].neurons[2].w[1]
    s = stepper(loss, by="neuron", sample=7)
    assert len(s._visible) == 1 + 1 + 1 + 4 + 4 or len(s._visible) == 1 + 1 + 4 + 4
    sent = [edge for step in s for edge in step.contributions if edge.operand is weight]
    here = s.goto(weight)
    assert s.at in s._visible
    mine = [edge for edge in s[s.at].contributions if edge.operand is weight]
    assert len(mine) == 1
    assert len(sent) == 12
    samples = s.trace.samples
    assert samples[mine[0].node] == 7
    assert "w . x + b" in str(here)
    for wrong in (12, -1, "a"):
        with pytest.raises(ValueError, match="but there are 12, counted from 0: write 0 to 11"):
            stepper(loss, sample=wrong)
    with pytest.raises(ValueError, match="no model was called in this graph"):
        stepper(expression(), sample=0)


def test_the_forward_phase_of_a_batch_tells_mean_spread_and_zeros():
    loss, _ = batch_loss(20)
    s = stepper(loss, by="neuron", forward=True).next()
    made = [s.trace.recorded[head] for head in s[1].backward.heads]
    assert f"{made.count(0.0)} of them 0" in str(s)
    assert "all 20: mean" in str(s)


def test_a_move_looks_for_changed_numbers_only_after_an_assignment(monkeypatch):
    x = Value(3.0)
    y = x * x
    s = stepper(y)
    s.next()
    looked = []
    monkeypatch.setattr(Value, "data", property(lambda value: looked.append(value) or value._number, Value.data.fset))
    str(s)
    assert not looked
    x.data = 4.0
    assert "x was 3 when this pass was recorded, now 4" in str(s)
    x.data = 3.0
    assert "recorded, now" not in str(s)


def test_a_stop_that_is_none_and_several_outputs_get_a_sentence():
    x = Value(3.0)
    with pytest.raises(TypeError, match=r"break_on\(5\): a stop is a value, its name, a test .* s.goto\(5\) goes to a step"):
        stepper(x * x).break_on(5)
    with pytest.raises(TypeError, match=r"this is a list of 2: write stepper\(outputs\[0\]\) .* stepper\(mx.sum\(outputs\)\)"):
        stepper([x * x, x * 2.0])
    assert stepper(mx.sum([x * x, x * 2.0])).gradient("x") == 8.0


def test_a_watched_gradient_is_told_once_for_each_step_of_neurons_and_for_each_contribution_of_a_node():
    model = nn.MLP(1, [2, 1], rng=0)
    loss = mx.sum([model([0.1 * k]) for k in range(5)])
    bias = model.layers[1].neurons[0].b
    by_layer = stepper(loss, by="layer").watch(bias)
    assert str(by_layer.until(bias)).endswith("watch dloss/dL1.n0.b: 0 -> 5 (step 2)")
    a = Value(3.0)
    assert str(stepper(a + a).watch("a").next()).endswith(": 0 -> 1 (step 1) -> 2 (step 1)")


def test_a_gradient_is_complete_only_where_the_last_contribution_has_arrived():
    model = nn.MLP(1, [2, 1], rng=0)
    loss = mx.sum([model([0.1 + 0.1 * k]) for k in range(4)])
    weight = model.layers[1].neurons[0].w[1]
    one, every = stepper(loss, sample=2).goto(weight), stepper(loss).goto(weight)
    assert "so far (2 of 4 in)" in str(one)
    assert "complete" not in str(one)
    assert "complete with this step: 4 contributions of mean" in str(every)
    assert f"dloss/dL1.n0.w[1] = {number(stepper(loss).gradient(weight))}, complete" in str(every)
