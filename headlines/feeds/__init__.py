"""Feeds: from the bytes of an input to headlines, with an account of every line.

Everything that judges a line or reads something out of one title is here. May import `errors`,
`files` and `textarray`.
"""
