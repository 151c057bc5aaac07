"""A client judged by what it sent: a course of lessons on the mock, and the marks that it gets."""
