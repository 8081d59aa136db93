"""Bulk: a labelling job over many files in parts, on many cores or machines, that can be stopped.

May import every wing but `retraining`, `report`, `review` and `cli`.
"""
