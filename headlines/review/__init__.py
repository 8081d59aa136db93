"""Review: the desk where a person corrects the machine.

May import every wing but `report` and `cli`.
"""
