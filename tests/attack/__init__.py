"""Malice: every list of `../shared/data/attacks/` through every surface where text comes out, and into every field.

`make attack` runs everything (`every_list.py`); the suite runs a fixed sample (`test_sample.py`). To add a surface, add
an entry to SURFACES in `surfaces.py`; a new list is found by its folder and format (`lists.py`).
"""
