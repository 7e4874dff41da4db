"""The word that a misspelled one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], most: int = 1, alike: float = 0.6) -> list[str]:
    """The known words that look like this one, the most alike first; `alike` is from 0, anything, to 1, itself.

    >>> nearest("tahn", ["sin", "tan", "tanh"], 2)
    ['tan', 'tanh']
    """
    import difflib  # a millisecond that importing the package need not take

    return difflib.get_close_matches(word, list(known), most, alike)


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "", most: int = 1, alike: float = 0.6) -> str:
    """The end of an error message: the nearest words as a question, else what to say where none is near.

    >>> did_you_mean("darw", ["draw", "step"]), did_you_mean("xyz", ["draw", "step"], "choose one of draw, step")
    ('did you mean draw?', 'choose one of draw, step')
    """
    near = nearest(word, known, most, alike)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
