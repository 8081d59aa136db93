"""The model: what a labeler learned and keeps, and how a topic is decided from it.

`scorer` goes from sums of word vectors to probabilities, `certainty` says how sure they are,
`examples` what was learned from. Labelling needs numpy alone here. May import `embedding`,
`topics`, `persistence` and what these may.
"""
