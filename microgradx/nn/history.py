"""What happened while a model was trained, epoch by epoch: as lists, as a table, as a picture."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..hints import HISTORY, missing_name
from ..tables import table

if TYPE_CHECKING:
    from .plots.picture import Picture


@dataclass
class History:
    """One entry per epoch: the loss, the accuracy and the gradient norms before its update, and the rate of that update.

    >>> history = History()
    >>> history.add(loss=0.5, accuracy=0.75, learning_rate=0.1, gradient_norms={"L0": 2.0})
    >>> print(history)
    epoch  loss  accuracy  rate  |gradient| L0
        0   0.5       75%   0.1                     2

    With minibatches the loss and the accuracy are means over the batches, each taken before its own update, and the gradient
    norm is that of the last batch. `accuracy` stays empty where nothing is classified, `validation_loss` and
    `validation_accuracy`, taken after the updates of the epoch, where nothing is validated; `best` is the epoch whose validation
    loss is the smallest. `stopped` says why training ended early, `eager` why the updates could not be replayed, and `notes`
    what is wrong with the run, as far as its numbers show it.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    gradient_norms: dict[str, list[float]] = field(default_factory=dict)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    stopped: str | None = None
    eager: str | None = None
    notes: list[str] = field(default_factory=list, compare=False)

    def add(
        self,
        *,
        loss: float,
        accuracy: float | None,
        learning_rate: float,
        gradient_norms: Mapping[str, float],
        validation_loss: float | None = None,
        validation_accuracy: float | None = None,
    ) -> None:
        """Append one epoch."""
        for layer in gradient_norms:
            self.gradient_norms.setdefault(layer, [])
        self.loss.append(loss)
        self.learning_rate.append(learning_rate)
        for column, entry in (
            (self.accuracy, accuracy),
            (self.validation_loss, validation_loss),
            (self.validation_accuracy, validation_accuracy),
        ):
            if entry is not None:
                column.append(entry)
        for layer, norm in gradient_norms.items():
            self.gradient_norms[layer].append(norm)

    def columns(self) -> list[list[float]]:
        """The lists that get an entry in each epoch."""
        own = [self.loss, self.accuracy, self.learning_rate, self.validation_loss, self.validation_accuracy]
        return own + list(self.gradient_norms.values())

    @property
    def best(self) -> int | None:
        """The epoch with the smallest validation loss, None where nothing was validated."""
        if not self.validation_loss:
            return None
        return len(self.loss) - len(self.validation_loss) + self.validation_loss.index(min(self.validation_loss))

    def table(self, rows: int = 12) -> str:
        """At most `rows` epochs, evenly spread, always with the first and the last, as lines of text."""
        if rows < 2:
            raise ValueError(f"rows={rows!r}: a table needs at least 2 rows, for the first and the last epoch")
        last = len(self.loss) - 1
        epochs = sorted({round(last * row / (rows - 1)) for row in range(rows)}) if last >= 0 else []
        columns = [["epoch", *map(str, epochs)], ["loss", *(f"{self.loss[epoch]:.6g}" for epoch in epochs)]]
        if self.accuracy:
            columns.append(["accuracy", *(f"{100 * self.accuracy[epoch]:.4g}%" for epoch in epochs)])
        first = len(self.loss) - len(self.validation_loss)  # epochs that were trained without
        for title, entries, form in (
            ("validation loss", self.validation_loss, "{:.6g}"),
            ("validation accuracy", [100 * share for share in self.validation_accuracy], "{:.4g}%"),
        ):
            if entries:
                cells = [form.format(entries[epoch - first]) if epoch >= first else "" for epoch in epochs]
                columns.append([title, *cells])
        columns.append(["rate", *(f"{self.learning_rate[epoch]:.4g}" for epoch in epochs)])
        for layer, norms in self.gradient_norms.items():
            columns.append([f"|gradient| {layer}", *(f"{norms[epoch]:.3g}" for epoch in epochs)])
        return "\n".join(table(list(zip(*columns, strict=True)), ">" * len(columns), width=None, gap="  "))

    def plot(self, path: str | os.PathLike[str] | None = None, theme: str = "light") -> Picture:
        """Loss, accuracy, gradient norms and rate over the epochs, as a figure; written to `path` (.png or .svg) if given."""
        from .plots.curves import history

        return history(self, path, theme)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise missing_name("a History", name, HISTORY, [*dir(type(self)), *vars(self)])

        def __getitem__(self, name):
            column = name if isinstance(name, str) else "loss"
            here = HISTORY.get(column) or (f"history.{column}" if hasattr(self, column) else "history.loss")
            raise TypeError(f"history[{name!r}]: a History has attributes, each a list: write {here}")

    def __str__(self) -> str:
        return "\n".join([self.table(), *(f"- {note}" for note in self.notes)]) if self.loss else "no epoch was finished"

    def __repr__(self) -> str:
        told = f", print it for {len(self.notes)} note{'s' * (len(self.notes) > 1)}" if self.notes else ""
        ends = f", loss {self.loss[0]:.6g} -> {self.loss[-1]:.6g}" if self.loss else ""
        return f"<History of {len(self.loss)} epochs{ends}{f', {self.stopped}' if self.stopped else ''}{told}>"
