"""rtdoctor: why a realtime socket does not open, and what to change."""

__version__ = "0.1.0"
