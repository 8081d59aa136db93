"""Where the data that the package ships stands."""

from __future__ import annotations

from pathlib import Path

__all__ = ["MODELS", "SEEDS"]

_PACKAGE = Path(__file__).parent
# In an installed package, or beside it in a source checkout.
_SHIPPED = _PACKAGE / "shipped" if (_PACKAGE / "shipped").is_dir() else _PACKAGE.parent

MODELS = _SHIPPED / "models"
"""Folder of the built-in embedder and of the registry that has the shipped champion."""

SEEDS = _SHIPPED / "seeds"
"""Folder of the built-in topics, the feed that they were made for, and its labels."""
