"""Reads recorded event streams of any form, as a stream. Imports only model; knows JSON and logs, not the
protocol.

The way of the bytes: `source` opens, `chunks` unpacks, `stream` tells the form, `lines` and `document` take
entries out of it with `scan`, `elements`, `parse`, `envelope`, `direction` and `times`.
"""
