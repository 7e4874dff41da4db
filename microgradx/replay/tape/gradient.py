"""The derivative of a recorded program, taken on the tape itself by the rules of the one derivative table.

The sweep visits what eager evaluation would visit, in its order, and appends the rows of the derivative: so contributions are
added up as there, to the last bit. What comes out is an ordinary longer tape, so the compiler needs no backward instructions,
and a gradient can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ... import ops
from ...chain import contribution
from .dependence import depends, visited
from .local_derivatives import LocalDerivatives
from .rows import CONSTANT, TABLE, code_of, private
from .stand_ins import factor_of, stand_ins
from .tape import Tape

VARIADIC: tuple[object, ...] = (None,)  # marks an operation with one rule for any number of operands, and what is none
NONE, SEED = -1, -2  # adjoints that are not rows: nothing has arrived yet, and exactly the 1 the sweep starts from
HANDED_ON = 2  # the rule that is 1, as a place in (a, b, SEED, out)


chain_step = private("chain", "{} * {}", contribution, lambda a, b, out: b, lambda a, b, out: a, numpy="multiply")
arrival = private("arrival", "{} + {}", ops.add.forward, 1.0, 1.0, numpy="add")  # one more contribution to an adjoint or a rate
CHAIN_RULES = (lambda a, b, out: factor_of(b, a), lambda a, b, out: factor_of(a, b))  # the rules of `chain` on the exact path


def arrivals(tape: Tape, adjoints: list[int]) -> Callable[[int, int, int], None]:
    """A function that adds upstream x local (rows, or SEED for 1) to the adjoint of a parent: most of the time of a sweep."""
    op, a, b, constants = tape.op, tape.a, tape.b, tape.constants
    times, plus = code_of(chain_step), code_of(arrival)

    def with_numbers(upstream: int, local: int) -> int:
        """The product where a factor is a plain number: a number if both are.

        Eager evaluation has no node for a multiplication by 1, which decides in what order another pass adds up.
        """
        one, other = constants.get(upstream), constants.get(local)
        if one is not None and other is not None:
            return tape.constant(contribution(one, other))
        if tape.again and 1.0 in (one, other):
            return local if one == 1.0 else upstream
        return tape.row(times, upstream, local)

    def arrive(parent: int, upstream: int, local: int) -> None:
        if upstream == SEED:
            arriving = local
        elif local == SEED:
            arriving = upstream
        elif upstream in constants or local in constants:
            arriving = with_numbers(upstream, local)
        else:
            arriving = len(op)
            op.append(times)
            a.append(upstream)
            b.append(local)
        before = adjoints[parent]
        if before != NONE:
            if before < 0 or arriving < 0:
                before, arriving = _plain(tape, before), _plain(tape, arriving)
            op.append(plus)
            a.append(before)
            b.append(arriving)
            arriving = len(op) - 1
        adjoints[parent] = arriving

    return arrive


def _plain(tape: Tape, row: int) -> int:
    """The row of an adjoint; 1 and 0 become numbers."""
    return row if row >= 0 else tape.constant(1.0 if row == SEED else 0.0)


def rules_of(tape: Tape, code: int) -> tuple[object, ...]:
    """The rules of an operation, those that need not be called already resolved."""
    op = TABLE[code]
    if op is None or op.arity is None:
        return VARIADIC
    if op is chain_step and tape.whole:
        return CHAIN_RULES
    return tuple([HANDED_ON if known == 1.0 and isinstance(known, float) else known for known in op.known])


class _Sweep:
    """One reverse pass over a tape that appends the rows of the derivative.

    Contributions that are equal share a row and zeros have none, unless there is to be another pass over them: eager evaluation
    then adds up what arrives at each, and every edge decides in which order.
    """

    def __init__(self, tape: Tape, output: int, wrt: Sequence[int], again: bool) -> None:
        tape.values = None  # from here on rows are written, not evaluated
        tape.interned = {}  # numbers that rules bring in share no row with numbers of the program
        self.tape, tape.again = tape, again
        self.active = depends(tape, wrt)
        self.stands_for, self.reading = stand_ins(tape, wrt)
        self.adjoints = [NONE] * len(tape)
        self.adjoints[self.stands_for.get(output, output)] = SEED
        self.arrive = arrivals(tape, self.adjoints)
        self.times, self.multiply = code_of(chain_step), code_of(ops.multiply)
        self.minus = code_of(ops.negative)
        self.rules: dict[int, tuple[object, ...]] = {}
        self.local = LocalDerivatives(tape)

    def run(self, output: int) -> None:
        """Visit every row that an upstream gradient reaches, last one first."""
        tape, active, adjoints, arrive, rules = self.tape, self.active, self.adjoints, self.arrive, self.rules
        ops, firsts, seconds, wholes = tape.op, tape.a, tape.b, tape.wholes
        reading = self.reading
        aside = {*wholes, *reading} if reading else wholes
        for i in reversed(visited(tape, output, active)):
            upstream, a, b = adjoints[i], firsts[i], seconds[i]
            if upstream == NONE:
                continue
            code = ops[i]
            local = rules.get(code) or rules.setdefault(code, rules_of(tape, code))
            if a < 0 or local is VARIADIC or i in aside:
                if i in reading and local is not VARIADIC:
                    self.visit_reading(i, upstream, local)
                else:
                    self.visit_many(i, upstream)
                continue
            if a == b and code == self.multiply and not tape.again:
                self.visit_square(a, upstream)
                continue
            if active[a]:
                rule = local[0]
                if type(rule) is not int:
                    self.general(a, upstream, rule, i)
                elif rule == HANDED_ON and adjoints[a] == NONE:  # as most of all, of sums
                    adjoints[a] = upstream
                else:
                    arrive(a, upstream, (a, b, SEED, i)[rule])
            if active[b]:  # the same again, as a loop over the two takes a quarter longer
                rule = local[1]
                if type(rule) is not int:
                    self.general(b, upstream, rule, i)
                elif rule == HANDED_ON and adjoints[b] == NONE:
                    adjoints[b] = upstream
                else:
                    arrive(b, upstream, (a, b, SEED, i)[rule])

    def visit_square(self, row: int, upstream: int) -> None:
        """The contributions of x * x, which sends the same twice."""
        once = self.tape.row(self.times, upstream, row) if upstream >= 0 else row
        if self.adjoints[row] == NONE:
            self.arrive(row, once, self.tape.constant(2.0))
        else:
            self.arrive(row, once, SEED)
            self.arrive(row, once, SEED)

    def visit_reading(self, row: int, upstream: int, rules: tuple[object, ...]) -> None:
        """The contributions of an operation on stand-ins, to what they stand for."""
        places = (self.tape.a[row], self.tape.b[row], SEED, row)
        for operand, rule in zip(self.tape.operands(row), rules, strict=True):
            if self.active[operand]:
                parent = self.stands_for.get(operand, operand)
                if type(rule) is int:
                    self.arrive(parent, upstream, places[rule])
                else:
                    self.general(parent, upstream, rule, row)

    def general(self, parent: int, upstream: int, rule: object, row: int) -> None:
        """A contribution whose local derivative is a number, or has to be asked from its rule."""
        slot_of = self.tape.slot
        if not callable(rule):
            if rule == -1.0 and upstream != SEED and upstream not in self.tape.constants:
                self.arrive(parent, self.tape.row(self.minus, upstream), SEED)
            elif rule != 0.0 or self.tape.again:
                self.arrive(parent, upstream, SEED if rule == 1.0 else slot_of(rule))
            return
        found = self.local.of(rule, self.tape.operands(row), row)
        self.arrive(parent, upstream, found if type(found) is int else slot_of(found))

    def visit_many(self, row: int, upstream: int) -> None:
        """The contributions of an operation that is written as several rows, or has more than two operands."""
        if self.tape.op[row] <= CONSTANT:
            return
        op, operands = self.tape.made(row)
        parents, wanted = [self.stands_for.get(x, x) for x in operands], [bool(self.active[x]) for x in operands]
        plain: dict[float, int] = {}  # what comes of each plain number, as one for all operands of a sum
        for parent, wants, local in zip(parents, wanted, self.local.of_all(op, operands, row, wanted), strict=True):
            if not wants or (type(local) is float and local == 0.0 and not self.tape.again):
                continue
            if type(local) is int:
                self.arrive(parent, upstream, local)
            elif local == 1.0 or upstream == SEED or self.tape.again:
                self.arrive(parent, upstream, SEED if local == 1.0 else self.tape.slot(local))
            else:
                if local not in plain:
                    plain[local] = self.tape.row(self.times, upstream, self.tape.slot(local))
                self.arrive(parent, plain[local], SEED)


def gradient_rows(tape: Tape, output: int, wrt: Sequence[int], again: bool = False) -> list[int]:
    """Append the derivative of row `output` to the tape; give the rows of d(output)/d(row) for each row in `wrt`.

    Say `again` where these are to be differentiated again, backward.
    """
    sweep = _Sweep(tape, output, wrt, again)
    sweep.run(output)
    return [_plain(tape, sweep.adjoints[row]) for row in wrt]
