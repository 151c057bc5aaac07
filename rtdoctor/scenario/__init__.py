"""Scenarios: load the TOML files, select some of them. Imports only model."""
