"""Display: what a notebook shows of a result.

May import `errors` alone.
"""
