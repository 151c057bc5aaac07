"""Pasted text to findings: patterns (data) give sightings, sightings make Outcomes, the one referee judges them.

blocks cuts any stream into windows, patterns and errors look at a window, story makes Outcomes of what was sighted,
findings asks the referee. Imports only model and its own package, no I/O but its data files.
"""
