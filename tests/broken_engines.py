"""Engines as students write them: one that is right, and others with one slip each."""

import math
from typing import ClassVar


class OneSided:
    """Everything but what a number on the left needs."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.send = float(data), 0.0, parents, lambda: None

    def made(self, data, *edges):
        out = type(self)(data, tuple(parent for parent, _ in edges))

        def send():
            for parent, local in edges:
                self.arrive(parent, local, out)

        out.send = send
        return out

    def arrive(self, parent, local, out):
        parent.grad += local * out.grad

    def value(self, other):
        return other if isinstance(other, OneSided) else type(self)(other)

    def __add__(self, other):
        other = self.value(other)
        return self.made(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        other = self.value(other)
        return self.made(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n):
        return self.made(self.data**n, (self, n * self.data ** (n - 1)))

    def tanh(self):
        t = math.tanh(self.data)
        return self.made(t, (self, self.slope_of_tanh(t)))

    def slope_of_tanh(self, t):
        return 1.0 - t * t

    def relu(self):
        return self.made(max(0.0, self.data), (self, self.slope_of_relu()))

    def slope_of_relu(self):
        return 1.0 if self.data > 0.0 else 0.0

    def exp(self):
        return self.made(math.exp(self.data), (self, math.exp(self.data)))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + -self.value(other)

    def __truediv__(self, other):
        return self * self.value(other) ** -1

    def order(self):
        found, seen, pending = [], set(), [(self, False)]
        while pending:
            node, done = pending.pop()
            if done:
                found.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                pending.append((node, True))
                pending += [(parent, False) for parent in node.parents]
        return found[::-1]

    def clear(self, order):
        for node in order:
            if node.parents:
                node.grad = 0.0

    def backward(self):
        order = self.order()
        self.clear(order)
        self.grad = 1.0
        for node in order:
            node.send()


class Right(OneSided):
    """A small engine without a fault."""

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return self.value(other) - self

    def __rtruediv__(self, other):
        return self.value(other) / self


class Overwriting(Right):
    def arrive(self, parent, local, out):
        parent.grad = local * out.grad


class Recursive(Right):
    def backward(self):
        self.clear(self.order())
        self.grad = 1.0
        self.spread()

    def spread(self):
        self.send()
        for parent in self.parents:
            parent.spread()


class Unreversed(Right):
    def order(self):
        return super().order()[::-1]


class Unseeded(Right):
    def backward(self):
        order = self.order()
        self.clear(order)
        for node in order:
            node.send()


class WithoutUpstream(Right):
    def arrive(self, parent, local, out):
        parent.grad += local


class WrongTanh(Right):
    def slope_of_tanh(self, t):
        return 1.0 - t


class OpenRelu(Right):
    def slope_of_relu(self):
        return 1.0


class OwnFactor(Right):
    def __mul__(self, other):
        other = self.value(other)
        return self.made(self.data * other.data, (self, self.data), (other, other.data))


class Stale(Right):
    def clear(self, order):
        pass


class Remembering(Right):
    seen_ever: ClassVar = set()

    def backward(self):
        order = [node for node in self.order() if node not in self.seen_ever]
        self.clear(order)
        self.grad = 1.0
        for node in order:
            node.send()
        self.seen_ever.update(order)


class Swapped(Right):
    def __rsub__(self, other):
        return self - other


class Deep(Right):
    def order(self):
        found, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                found.append(node)

        visit(self)
        return found[::-1]


class Forgetful(Right):
    def exp(self):
        return self.made(math.exp(self.data), (self, 1.0))


class Raising(Right):
    def __pow__(self, n):
        raise NotImplementedError("later")
