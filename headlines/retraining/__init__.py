"""Retraining: the nightly job, from its configuration to the champion that it leaves.

The gate, drift and the other checks decide; `job` alone changes a registry. May import every
wing but `report`, `review` and `cli`.
"""
