"""Classification: from labelled examples and unlabelled headlines to a scorer.

Training only: labelling never loads it. May import `model`, `neighbours` and what these may.
"""
