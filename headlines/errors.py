"""Every error that the package raises on purpose, in one tree.

::

    HeadlinesError
    ├── FeedError         an input that can't be read as headlines
    ├── TaxonomyError     a topics or labels file that contradicts itself
    ├── EmbedderError     weights or a transformer that can't be had
    ├── ModelError        a model file that is missing, changed, or of another format
    ├── ConfigError       a retraining configuration that can't be followed
    ├── LockedError       a registry that another run is writing to
    └── OutputError       a result that can't be written

Faulty parameters raise `ValueError` or `TypeError`, an estimator used before `fit`
raises scikit-learn's `NotFittedError`, as everywhere in scikit-learn.
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "EmbedderError",
    "FeedError",
    "HeadlinesError",
    "LockedError",
    "ModelError",
    "OutputError",
    "TaxonomyError",
]


class HeadlinesError(Exception):
    """Root of the tree; its message names the file, the line, the value and the remedy."""


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
