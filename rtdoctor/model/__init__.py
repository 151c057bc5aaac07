"""Frozen values that every other folder shares. No I/O here, and no import from another folder of rtdoctor."""
