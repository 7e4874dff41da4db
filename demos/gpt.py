"""A small GPT on scalars learns names: as it stands and by one added line of compile, with the same losses step by step."""

import argparse
import random
from itertools import pairwise
from statistics import median
from time import perf_counter

import numpy as np

import microgradx as mx

WRITTEN = """
ada agnes albert alice alma amos anna anton arthur astrid august bella beth bruno cara carl celia clara conrad cora daisy dora
edgar edith edwin ella elsa emil emma enid ernest esther eva fanny felix flora frank freda george gerda gilda grace greta
hanna harold hazel hector helen henry hilda homer hugo ida irene iris ivan jacob james jane jonas judith julia karl klara
laura lena leo leon lewis lily lotte louis lucia lydia mabel magda maria martha martin max milo mina moses myra nina noah nora
olga oliver oscar otto paula pearl peter petra ralph rosa rudolf ruth samuel sarah silas simon stella sylvia thea thomas tilda
tobias ursula vera victor viola walter wanda willa
"""
NAMES = WRITTEN.split()
LETTERS = "." + "".join(sorted(set("".join(NAMES))))  # a dot stands before a name and behind it
LONGEST, WIDE, HEADS = max(map(len, NAMES)) + 1, 16, 4
SHAPES = {  # rows and columns of each matrix
    "letter": (len(LETTERS), WIDE), "place": (LONGEST, WIDE), "query": (WIDE, WIDE), "key": (WIDE, WIDE), "value": (WIDE, WIDE),
    "out": (WIDE, WIDE), "up": (4 * WIDE, WIDE), "down": (WIDE, 4 * WIDE), "head": (len(LETTERS), WIDE),
}  # fmt: skip


def linear(weights, x):
    return [sum(w * a for w, a in zip(row, x, strict=True)) for row in weights]


def normed(x):
    scale = (sum(a * a for a in x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def softmax(scores):
    largest = mx.max([score.data for score in scores])
    exps = [(score - largest).exp() for score in scores]
    total = sum(exps)
    return [e / total for e in exps]


def next_letter(p, letter, keys, values):
    """How likely each letter is to follow; `keys` and `values` are those of the letters so far, and grow by one."""
    x = normed([a + b for a, b in zip(mx.take(p["letter"], letter), p["place"][len(keys)], strict=True)])
    attended, query = [], linear(p["query"], normed(x))
    keys.append(linear(p["key"], normed(x)))
    values.append(linear(p["value"], normed(x)))
    for low in range(0, WIDE, WIDE // HEADS):
        head = slice(low, low + WIDE // HEADS)
        scores = [sum(q * k for q, k in zip(query[head], key[head], strict=True)) * (WIDE // HEADS) ** -0.5 for key in keys]
        shares = softmax(scores)
        attended += [sum(s * v[k] for s, v in zip(shares, values, strict=True)) for k in range(low, low + WIDE // HEADS)]
    x = [a + b for a, b in zip(x, linear(p["out"], attended), strict=True)]
    hidden = [h.relu() for h in linear(p["up"], normed(x))]
    x = [a + b for a, b in zip(x, linear(p["down"], hidden), strict=True)]
    return softmax(linear(p["head"], x))


def loss(p, letters):
    """How surprised the model is by each letter of a name that follows another, on average."""
    keys, values, surprises = [], [], []
    for letter, following in pairwise(letters):
        surprises.append(-mx.take(next_letter(p, letter, keys, values), following).log())
    return sum(surprises) / len(surprises)


def weights(rng):
    """The parameters to start from."""
    return {
        name: np.array([[rng.gauss(0.0, 0.08) for _ in range(n)] for _ in range(rows)]) for name, (rows, n) in SHAPES.items()
    }


def example(step):
    """A name as the numbers of its letters, with a dot before it and dots behind it up to the length of the longest."""
    return [LETTERS.index(letter) for letter in "." + NAMES[37 * step % len(NAMES)].ljust(LONGEST, ".")]


def train(differentiate, steps, of):
    """The losses of the first `steps` of `of` steps, what was learned by then, and the seconds that each step took."""
    p, optimizer, losses, seconds = weights(random.Random(0)), mx.nn.optim.Adam(betas=(0.85, 0.99)), [], []
    memory = {name: {} for name in p}
    for step in range(steps):
        start = perf_counter()
        value, slopes = differentiate(p, example(step))
        optimizer.lr = 0.01 * (1.0 - step / of)
        p = {name: optimizer.update(p[name], slopes[name], memory[name]) for name in p}
        losses.append(value)
        seconds.append(perf_counter() - start)
    return losses, p, seconds


def invented(p, rng):
    """A name, letter by letter as likely as the model finds each."""
    keys, values, letter, name = [], [], 0, ""
    p = {name: [[mx.Value(w) for w in row] for row in rows] for name, rows in p.items()}
    while len(name) < LONGEST:
        with mx.no_grad():
            chances = [chance.data for chance in next_letter(p, letter, keys, values)]
        [letter] = rng.choices(range(len(LETTERS)), chances)
        if letter == 0:
            break
        name += LETTERS[letter]
    return name


def main():
    options = argparse.ArgumentParser(prog="microgradx demo gpt", description=__doc__)
    options.add_argument("--steps", type=int, default=1000, help="how many names the model learns from (1000)")
    options.add_argument("--eager", type=int, default=100, help="how many of these steps are taken by the code as it stands, too")
    given = options.parse_args()
    size = sum(rows * n for rows, n in SHAPES.values())
    print(f"A GPT of one layer, {WIDE} wide, {HEADS} heads: {size:,} parameters, plain loops over scalars; {len(NAMES)} names.")

    expected, _, seconds = train(mx.value_and_grad(loss), given.eager, given.steps)
    eager = median(seconds)
    print(f"as it stands:      {1e3 * eager:7.2f} ms a step   ({given.eager} steps in {sum(seconds):.1f} s)")

    compiled = mx.compile(loss)  # the one line

    losses, p, seconds = train(compiled.value_and_grad, given.steps, given.steps)
    whole, each = sum(seconds), median(seconds)
    print(f"mx.compile(loss):  {1e3 * each:7.2f} ms a step   ({given.steps} steps in {whole:.1f} s, the recording included)")
    print(f"speed-up:          {eager / each:.0f} times a step, {eager * given.steps / whole:.0f} times over all of them")
    off = max(abs(a - b) for a, b in zip(losses, expected, strict=False))
    print(f"the losses:        of both the same in each of {given.eager} steps, to {off:.0e};")
    print(f"                   {losses[0]:.3f} at first, {sum(losses[-50:]) / len(losses[-50:]):.3f} in the last steps")
    print(f"{compiled}")
    rng = random.Random(1)
    print(f"names it makes up: {', '.join(invented(p, rng) for _ in range(12))}")


if __name__ == "__main__":
    main()
