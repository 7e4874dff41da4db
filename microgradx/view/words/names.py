"""What to call a value, in drawings, steps, texts and errors, and the formula that made it."""

from __future__ import annotations

from collections.abc import Mapping

from ...engine import Value
from ...nearest import nearest
from ...order import topological_order
from ...owners import Owners
from .displayed import Displayed
from .loops import earlier_rounds
from .made_up import made_up
from .notation import expression
from .scope import Scope, caller_variables, scope_of_names
from .signed import LOOSEST, SIGNED, MadeUp, several_words, shorter, unnamed

_LOOSE = SIGNED[LOOSEST]


class UnknownValue(KeyError):
    """A KeyError whose text is printed as it is: Python puts the text of its own in quotes."""

    def __str__(self) -> str:
        return str(self.args[0])


class Names(dict[Value, str]):
    """The unique name of every value of a graph.

    `shown` has them as displays write them, `owners` whose parts they are, `scope` what else a value may be called, and
    `rounds` the variable and the round of what a loop computed.
    """

    def __init__(self, owners: Owners, scope: Scope) -> None:
        self.owners, self.scope = owners, scope
        self.shown = Displayed(owners, scope)

    @property
    def rounds(self) -> dict[Value, tuple[str, int]]:
        """The variable and the round of what a loop computed."""
        return self.shown.rounds


def name_nodes(
    order: list[Value],
    caller: Mapping[str, object] | Scope | None = None,
    names: Mapping[str, object] | None = None,
    owners: Owners | None = None,
) -> Names:
    """One unique name per node: its label, else a variable, else its place in a model, else the expression that made it.

    >>> a, b = Value(2.0, label="a"), Value(3.0)
    >>> list(name_nodes(topological_order(a * b + 1), {"price": b}).values())
    ['a', 'price', 'a*price', 'a*price + 1']

    `names` and `caller` map variable names to things; `names` wins. Lists, dicts, dataclasses, arrays of objects and attributes
    are looked into (`W[0][1]`, `net.w`). A parameter is called by its place before any variable. Values of one name are `x`,
    `x#1`, `x#2`, counted from 0: by their samples, if they are of several. An input without a name is `input#n` for its place in
    `order`, so every run writes the same. `owners` says whose parts the values are, where that is known already.
    """
    scope = caller if isinstance(caller, Scope) else scope_of_names(names, caller or {})
    named = Names(owners or Owners(order, scope.roots), scope)
    given = _given(order, named)
    unused, shown = _Unused(named.owners).unused, named.shown
    for number, node in enumerate(order):
        if node in given:
            text, short = given[node]
            named[node] = name = unused(text, node)
            shown[node] = name if short == text else unused(short, node)
        elif node.op is None:
            named[node] = shown[node] = MadeUp(f"input#{number}")
        else:
            named[node] = shown[node] = unused(made_up(node, shown), node)
    return named


def _given(order: list[Value], named: Names) -> dict[Value, tuple[str, str]]:
    """What values are called by those who know them, in full and for short."""
    given: dict[Value, tuple[str, str]] = {}
    variables: dict[Value, str] = {}
    owners, scope = named.owners, named.scope
    numbered = owners.numbered()
    for node in order:
        place = owners.get(node)
        variable = (node is order[-1] and scope.variable(node)) or scope.values.get(node)
        name = node.label or (variable if place is None or place.is_module else None)
        if name is not None:
            told = _LOOSE(name) if " " in name and several_words(name) else name
            given[node] = told, told
            if node.op is not None and name == variable:
                variables[node] = name
        elif place is not None:
            which = numbered.get(node, "")
            texts = owners.written(place) + which, owners.written(place, short=True) + which
            given[node] = (_LOOSE(texts[0]), _LOOSE(texts[1])) if "@" in which else texts
    named.rounds.update(earlier_rounds(variables, given))
    for node, (name, number) in named.rounds.items():
        given[node] = (_LOOSE(f"{name} @ {number}"),) * 2
    return given


class _Unused:
    """Names that differ from one another: further values called `x` are `x#1`, `x#2`."""

    def __init__(self, owners: Owners) -> None:
        self.owners, self.taken = owners, set[str]()
        self.copies: dict[str, int] = {}

    def unused(self, wanted: str, node: Value | None = None) -> str:
        """The name, of the same kind, with the number of the node's sample or else a count where it was given before."""
        if wanted not in self.taken:
            self.taken.add(wanted)
            return wanted
        sample = None if node is None else self.owners.sample(node)
        name = f"{wanted}#{sample}" if sample else wanted
        while name in self.taken:
            self.copies[wanted] = self.copies.get(wanted, 0) + 1
            name = f"{wanted}#{self.copies[wanted]}"
        self.taken.add(name)
        return shorter(wanted, name)


def displayed(named: Names) -> Displayed:
    """The names as displays write them, `out` for an output, the last of them, that nobody named."""
    output, name = next(reversed(named.items()))
    shown = Displayed(named.owners, named.scope)
    shown.update(named.shown)
    shown.rounds.update(named.rounds)
    if output.op is not None and unnamed(name) and "out" not in shown.values():
        shown[output] = "out"
    return shown


def find_node(key: object, named: Mapping[Value, str], output: str) -> Value:
    """The node that `key`, a name or a Value, means; an unknown one raises and lists the nearest names.

    >>> a = Value(2.0, label="alpha")
    >>> find_node("alfa", {a: "alpha"}, "L")
    Traceback (most recent call last):
    microgradx.view.words.names.UnknownValue: no value is called 'alfa' in the graph of L; the nearest names are 'alpha'
    """
    if isinstance(key, Value):
        if key not in named:
            raise UnknownValue(f"{key!r} is not in the graph of {output}; no way leads from {output} down to it")
        return key
    if not isinstance(key, str):
        raise TypeError(f"a value is found by its name or given as a Value, got {key!r}")
    known: dict[str, Value] = {name: node for node, name in named.items()}
    for name in (key, key.removesuffix("#0")):  # the first of several has its number left out
        if name in known:
            return known[name]
        if name == output:
            return known[list(known)[-1]]
        if (found := _also_called(name, named)) is not None:
            return found
    near = nearest(key, known, 3, 0.4) or list(known)[:3]
    shown = key if len(key) <= 60 else key[:57] + "..."
    names = ", ".join(map(repr, near))
    raise UnknownValue(f"no value is called {shown!r} in the graph of {output}; the nearest names are {names}")


def _also_called(key: str, named: Mapping[Value, str]) -> Value | None:
    """The node that has this name besides its own: in a display, of another variable, or as a part of a model."""
    if not isinstance(named, Names):
        return None
    alias = named.scope.aliases.get(key)
    if alias in named:
        return alias
    for node, name in named.shown.items():
        if name == key:
            return node
    numbered = named.owners.numbered()
    for node in named:
        place = named.owners.get(node)
        if place is not None and key.removesuffix(numbered.get(node, "")) in named.owners.spellings(place):
            return node
    return None


def formula(
    output: Value,
    names: Mapping[str, object] | None = None,
    *,
    latex: bool = False,
    caller: Mapping[str, object] | Scope | None = None,
) -> str:
    """The expression that made `output`, with the fewest brackets.

    >>> a, b, c, f = Value(2.0), Value(-3.0), Value(10.0), Value(-2.0)
    >>> e = a * b
    >>> L = (e + c) * f
    >>> formula(L)
    'L = (a*b + c) * f'
    >>> print(formula(L / f, latex=True))
    \\frac{\\left(a \\cdot b + c\\right) \\cdot f}{f}

    A computed value that is used twice gets a line of its own, so the text grows with the graph and not with its
    paths. Brackets are kept where leaving them out would add in another order: floats are not associative.
    """
    order = topological_order(output)
    named = name_nodes(order, caller_variables(1) if caller is None else caller, names)
    uses: dict[Value, int] = {}
    for node in order:
        for operand in node.parents:
            if isinstance(operand, Value):
                uses[operand] = uses.get(operand, 0) + 1
    lines = [node for node in order if node.op and uses.get(node, 0) > 1] + [output]
    names_of_parts = _Unused(named.owners)
    names_of_parts.taken |= set(named.values())
    for node in lines[:-1]:
        if unnamed(named[node]):
            named[node] = names_of_parts.unused("part")
    texts = [expression(node, frozenset(lines), named, latex) for node in lines]
    return "\n".join(texts)
