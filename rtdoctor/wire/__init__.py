"""The client's sockets, one layer a file. Measures and never judges."""
