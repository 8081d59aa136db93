"""Report: one page that shows what a feed is about.

May import every wing but `retraining`, `review` and `cli`.
"""
