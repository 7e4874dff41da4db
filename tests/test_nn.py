"""Neurons, layers and the MLP."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import microgradx as mx
from microgradx import Value, nn, topological_order


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


def test_every_parameter_is_labelled_by_its_place() -> None:
    model = nn.MLP(2, [3, 1], rng=0)
    assert {name: p.label for name, p in model.named_parameters()} == {name: name for name, _ in model.named_parameters()}
    assert model.layers[0].neurons[1].w[1].label == "layers[0].neurons[1].w[1]"
    assert len(model.parameters()) == 2 * 3 + 3 + 3 + 1
    assert model([1.0, 2.0]).label == "layers[1].neurons[0]"


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
