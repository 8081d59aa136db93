"""Embedding: texts to vectors, as exact whole numbers where the built-in embedder makes them.

May import `errors`, `files`, `textarray` and `feeds`; knows nothing of topics or models.
"""
