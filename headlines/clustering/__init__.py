"""Clustering: the stories and themes of a feed, their names, and their numbers from day to day.

May import `neighbours`, `embedding`, `topics` and `feeds`; needs scikit-learn.
"""
