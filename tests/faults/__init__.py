"""Breaks one part after the other under a real site with a small load, and tells what readers and posters met.

    make faults
    make faults ARGS="--only redis"

One more fault: a context manager in the module of its subject that breaks something and mends it again, and its line in
`faults.FAULTS` with what may come of it (`limits.Limits`).
"""
