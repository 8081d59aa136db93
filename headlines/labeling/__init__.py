"""Labeling: the one object that a user loads, what it answers, and why.

May import every wing but `retraining`, `report`, `review` and `cli`.
"""
