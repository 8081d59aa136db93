"""Topics: the user's taxonomy, and the labels and corrections that people gave.

May import what is before it: `errors`, `files`, `feeds`.
"""
