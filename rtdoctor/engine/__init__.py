"""Runs the ladder and the matrix, and yields what happens as events for the writers."""
