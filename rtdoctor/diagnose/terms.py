"""Expressions that are put together from terms: `{name}` stands for the words of a term."""

from collections.abc import Mapping


def with_terms(source: str, terms: Mapping[str, str]) -> str:
    """The expression with the words of the terms in the places of their names."""
    for name, words in terms.items():
        source = source.replace(f"{{{name}}}", f"(?:{words})")
    return source
