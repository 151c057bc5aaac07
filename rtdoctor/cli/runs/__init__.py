"""The long runs of commands, from what was asked for to the report and the exit code."""
