"""Persistence: model files that run nothing, versions, the champion and the audit log.

May import `errors` and `files`: what a model means is for `model` to say.
"""
