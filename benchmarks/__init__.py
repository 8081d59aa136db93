"""What the project claims, measured: one program a claim, run from the folder above this one.

``python -m benchmarks.topics`` and so on; soak/ tries to break it, research/ tells how settings
were chosen and what might be gained. README.md lists the programs and shows what they found.
"""
