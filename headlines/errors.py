"""Every error that the package raises on purpose, in one tree.

::

    HeadlinesError
    ├── FeedError         an input that can't be read as headlines
    ├── TaxonomyError     a topics or labels file that contradicts itself
    ├── EmbedderError     weights or a transformer that can't be had
    ├── ModelError        a model file that is missing, changed, or of another format
    ├── ConfigError       a retraining configuration that can't be followed
    ├── LockedError       a registry that another run is writing to
    ├── MissingExtraError a package that an extra brings isn't installed (also an ImportError)
    └── OutputError       a result that can't be written

Faulty parameters raise `ValueError` or `TypeError`, an estimator used before `fit`
raises scikit-learn's `NotFittedError`, as everywhere in scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class HeadlinesError(Exception):
    """Root of the tree; its message names the file, the line, the value and the remedy.

    Examples
    --------
    >>> from headlines import Taxonomy
    >>> try:
    ...     Taxonomy.load("none.toml")
    ... except HeadlinesError as error:
    ...     print(error)
    none.toml: can't be read (No such file or directory); give a topics file
    """


class FeedError(HeadlinesError):
    """An input that can't be read as headlines."""


class TaxonomyError(HeadlinesError):
    """A topics or labels file that is malformed or contradicts itself."""


class EmbedderError(HeadlinesError):
    """An embedder whose weights are missing, damaged, or need an extra that isn't installed."""


class ModelError(HeadlinesError):
    """A model that is missing, damaged, made for another embedder, or of a newer format."""


class ConfigError(HeadlinesError):
    """A retraining configuration that can't be followed."""


class OutputError(HeadlinesError):
    """A result that can't be written."""


class LockedError(HeadlinesError):
    """A registry that another run is writing to."""


class MissingExtraError(HeadlinesError, ImportError):
    """A package that an extra brings, and that isn't installed."""


def require(module: str, extra: str) -> Any:
    """Import a module, by its full name, that an extra of pyproject.toml brings.

    Raises MissingExtraError, which says how to install it from a clone, when it can't be imported.
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(
            f"this needs {module.partition('.')[0]}, which isn't installed; in the folder of the "
            f"source, type: pip install '.[{extra}]'"
        ) from None


def shown(text: str) -> str:
    r"""Spell out what a terminal would act on instead of showing it: escapes, marks of direction.

    Examples
    --------
    >>> print(shown("fe\x1b[2Jed\u202e.txt"))
    fe\x1b[2Jed\u202e.txt
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _JOINERS else " " if c.isspace() else _escaped(c) for c in text
    )


_JOINERS = "\u200c\u200d"
"""They shape letters and emoji, and move nothing."""


def _escaped(sign: str) -> str:
    return repr(sign)[1:-1]


def short(text: str, most: int = 120) -> str:
    """Cut a stranger's words to one printable line of so many characters, for a message."""
    line = shown(text[: most + 1])
    return line if len(line) <= most else line[:most] + "…"


def short_message(text: str) -> str:
    """Give a message as one harmless line; of a long one the middle is left out.

    It begins with the file and ends with the remedy, and both stay.
    """
    if len(text) > 2 * MAX_MESSAGE:
        text = f"{text[:MAX_MESSAGE]}…{text[-MAX_MESSAGE:]}"
    text = shown(text)
    if len(text) > MAX_MESSAGE:
        text = f"{text[: MAX_MESSAGE * 2 // 3]} … {text[-MAX_MESSAGE // 3 :]}"
    return text


MAX_MESSAGE = 480
"""Characters of a message."""
