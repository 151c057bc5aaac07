"""One file a command, named as the command: its options, and what it does. Imports little; a function loads what it
needs. A run that is long has its body in `rtdoctor.cli.runs`, by the same name."""
