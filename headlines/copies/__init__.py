"""Copies: which headlines are others published again, within a run and against earlier ones."""
