"""The command line: one room a command, its options and what it does.

May import every wing; nothing imports it.
"""
