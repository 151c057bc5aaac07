"""The commands, one a file, the exit codes, and the only place that prints."""
