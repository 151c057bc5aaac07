"""Causes and rules (data), and the referee that applies them to an Outcome. Imports only model, no I/O."""
