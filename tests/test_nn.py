"""Neurons, layers and the MLP."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import pickle
import random

import numpy as np
import pytest

import microgradx as mx
from microgradx import Value, nn, topological_order
from microgradx.places import name_of


def test_a_neuron_is_the_activation_of_its_weighted_sum_plus_bias() -> None:
    neuron = nn.Neuron(2, "tanh", rng=0)
    neuron.w[0].data, neuron.w[1].data, neuron.b.data = 0.5, -2.0, 0.25
    assert neuron([3.0, 1.0]).data == math.tanh(0.5 * 3.0 + -2.0 * 1.0 + 0.25)


def test_the_weighted_sum_is_one_dot_node_and_expanding_spells_it_out_to_the_same_bits() -> None:
    x = [0.3, -1.7, 2.9]
    short, long = (nn.MLP(3, [5, 1], activation="tanh", rng=7, expand=expand) for expand in (False, True))
    assert [node.op.name for node in topological_order(short(x)) if node.op].count("dot") == 6
    assert "dot" not in {node.op.name for node in topological_order(long(x)) if node.op}
    assert short(x).data == long(x).data
    for model in (short, long):
        model(x).backward()
    assert [p.grad for p in short.parameters()] == pytest.approx([p.grad for p in long.parameters()], rel=1e-14)


def test_a_label_is_what_the_user_called_a_value_and_only_that() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    out = model([1.0, 2.0])
    assert [value.label for value in (*model.parameters(), out)] == [None] * 14
    out.label, model.layers[0].neurons[1].w[1].label = "answer", "mine"
    assert (out.label, name_of(out), name_of(out.parents[0])) == ("answer", "answer", None)
    assert [name_of(p) for p in model.parameters()[3:6]] == ["layers[0].neurons[1].w[0]", "mine", "layers[0].neurons[1].b"]


@pytest.mark.parametrize("x", [[1.0, 2.0], (1, 2), np.array([1.0, 2.0]), [Value(1.0), 2.0], np.array([Value(1.0), Value(2.0)])])
def test_a_model_takes_a_list_a_tuple_or_an_array(x: object) -> None:
    assert nn.MLP(2, [2, 1], rng=0)(x).data == nn.MLP(2, [2, 1], rng=0)([1.0, 2.0]).data


def test_several_outputs_come_as_a_list() -> None:
    assert len(nn.MLP(2, [4, 3], rng=0)([1.0, 2.0])) == 3


def test_weights_are_drawn_layer_by_layer_from_a_seed_a_generator_or_pythons_random() -> None:
    assert nn.MLP(2, [2], rng=3).parameters() == nn.MLP(2, [2], rng=np.random.default_rng(3)).parameters()
    stream = random.Random(1337)
    drawn = [stream.uniform(-1, 1) for _ in range(6)]
    model = nn.MLP(2, [2, 1], rng=random.Random(1337))
    assert [w.data for layer in model.layers for neuron in layer.neurons for w in neuron.w] == drawn
    assert nn.MLP(2, [2], rng=np.random.RandomState(3)).parameters()[0].data == np.random.RandomState(3).uniform(-1, 1)


def test_named_parameters_are_found_in_any_module() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            self.scale = Value(2.0)
            self.parts = {"net": nn.Layer(1, 1, rng=0), "pair": (Value(1.0), 3.0)}

    names = [name for name, _ in Scaled().named_parameters()]
    assert names == ["scale", 'parts["net"].neurons[0].w[0]', 'parts["net"].neurons[0].b', 'parts["pair"][0]']


def test_parameters_are_found_in_arrays_sets_slots_and_dataclasses_and_computed_values_are_none() -> None:
    @dataclasses.dataclass
    class Pair:
        first: Value
        second: float

    class Slots(nn.Module):
        __slots__ = ("scale",)

        def __init__(self) -> None:
            self.scale = Value(5.0)

    class Everywhere(nn.Module):
        def __init__(self) -> None:
            self.W = np.array([[Value(1.0), Value(2.0)]])
            self.pair, self.only, self.slots = Pair(Value(3.0), 1.0), {Value(4.0)}, Slots()
            self.cache = self.W[0, 0] * 2.0

    names = {name: p.data for name, p in Everywhere().named_parameters()}
    assert list(names.values()) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert list(names)[:3] == ["W[0, 0]", "W[0, 1]", "pair.first"]
    again = copy.deepcopy(Slots())
    assert again.scale.data == 5.0


def test_what_the_walk_cannot_see_or_end_is_refused() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            self.me = self

    class Hidden:
        def __init__(self) -> None:
            self.w = Value(1.0)

    class Holds(nn.Module):
        def __init__(self, thing: object) -> None:
            self.thing = thing

    a = Value(0.1)
    with pytest.raises(ValueError, match=r"a Loop that holds itself has no end"):
        Loop().parameters()
    with pytest.raises(TypeError, match=r"Holds\.thing is a Hidden that holds the Value \.w.*derive Hidden from Module"):
        Holds(Hidden()).parameters()
    with pytest.raises(TypeError, match=r"is a function that holds the Value \.a.*as in self\.a = a, or write \.data"):
        Holds(lambda z: a * z).parameters()
    with pytest.raises(TypeError, match=r"is a partial that holds the Value \.0"):
        Holds(functools.partial(mx.multiply, a)).parameters()
    module = Holds(lambda z: a * z)
    module.a = a  # type: ignore[attr-defined]
    assert module.parameters() == [a]


def test_the_list_of_parameters_finds_removes_and_counts_by_identity() -> None:
    model = nn.MLP(2, [4, 1], rng=0)
    frozen = [n.b for n in model.layers[0].neurons]
    parameters = model.parameters()
    assert len([p for p in parameters if p not in model.layers[0].parameters()]) == 5
    assert parameters.index(frozen[3]) == 11
    assert (parameters.count(frozen[1]), Value(0.0) in parameters) == (1, False)
    for bias in frozen:
        parameters.remove(bias)
    assert len(parameters) == 13
    assert all(p is not bias for p in parameters for bias in frozen)
    with pytest.raises(ValueError, match=r"is not in this list of 13 parameters"):
        parameters.index(frozen[0])
    assert frozen[0] not in parameters + model.layers[1].parameters()


def test_freezing_keeps_parameters_from_optimizers_and_survives_a_copy() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    assert model.layers[0].freeze() is model.layers[0]
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model)), model]
    for each in copies:
        before = [p.data for p in each.parameters()]
        optimizer = nn.SGD(each.parameters(), lr=0.1, weight_decay=0.5, momentum=0.9)
        each([1.0, 2.0]).backward()
        optimizer.step()
        assert [p.data == old for p, old in zip(each.parameters(), before, strict=True)][:9] == [True] * 9
        assert each.layers[1].parameters()[0].data != before[9]
        assert len(each.trainable()) == 4
    model.unfreeze()
    assert len(model.trainable()) == 13
    assert len(copies[0].trainable()) == 4


def test_a_parameter_tied_to_two_places_is_named_twice_and_listed_once() -> None:
    model = nn.Layer(2, 2, rng=0)
    model.neurons[1].w = model.neurons[0].w
    assert len(list(model.named_parameters())) == 6
    assert len(model.parameters()) == 4


def test_every_activation_has_a_name_and_a_function_works_too() -> None:
    for name, function in nn.ACTIVATIONS.items():
        assert nn.Neuron(1, name, rng=0)([0.7]).data == pytest.approx(function(nn.Neuron(1, "linear", rng=0)([0.7])).data)
    assert nn.Neuron(1, mx.sin, rng=0)([0.7]).data == math.sin(nn.Neuron(1, "linear", rng=0)([0.7]).data)


@pytest.mark.parametrize(
    ("attempt", "error", "advice"),
    [
        (lambda: nn.MLP(1, [1], rng=0)(1.0), TypeError, r"1.0 is not a list, tuple or array of inputs: write model\(\[x\]\)"),
        (lambda: nn.MLP(1, [1], rng=0)(np.array(1.0)), TypeError, "is not a list, tuple or array of inputs"),
        (lambda: nn.MLP(2, [1], rng=0)([1.0]), ValueError, r"takes 2 inputs, got 1: \[1.0\]"),
        (lambda: nn.Neuron(2, rng=0)([1.0, 2.0, 3.0]), ValueError, "a neuron with 2 weights got 3 inputs"),
        (lambda: nn.MLP(2, [1], output="rellu"), ValueError, "activation='rellu' is not known: did you mean 'relu'\\?"),
        (lambda: nn.MLP(2, 16), TypeError, r"sizes=16 must list the neurons of each layer: write MLP\(2, \[16, 1\]\)"),
        (lambda: nn.MLP(2, []), TypeError, r"sizes=\[\] must list"),
        (lambda: nn.MLP(2, [0]), ValueError, "outputs=0 must be a whole number from 1 on"),
        (lambda: nn.MLP(0, [1]), ValueError, "inputs=0 must be a whole number from 1 on"),
        (lambda: nn.MLP(2, [1], rng="x"), TypeError, "rng='x' is neither a seed nor a generator: write rng=3"),
    ],
)
def test_what_no_model_can_be_made_of_raises_and_says_what_to_write(
    attempt: object, error: type[Exception], advice: str
) -> None:
    with pytest.raises(error, match=advice):
        attempt()  # type: ignore[operator]


def test_reprs_say_what_the_model_is() -> None:
    layers = "Layer(3 x Neuron(2 inputs, relu)), Layer(1 x Neuron(3 inputs, linear))"
    assert repr(nn.MLP(2, [3, 1], rng=0)) == f"MLP({layers}, 13 parameters)"
