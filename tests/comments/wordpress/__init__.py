"""What a real WordPress answered, case by case, beside what is answered here.

Each module reads one kind of the shared answers and sends the same to this house. Where the two differ, a rule in the
module says how and why (`Difference`); it is a rule about the case's own words, not about its number, so other answers
of the same kind are read by the same code. `behaviours` says which test holds each of WordPress' behaviours.
"""
