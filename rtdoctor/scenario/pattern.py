"""Regular expressions of scenario files, matched in linear time.

A scenario may come from a stranger and what it is matched against from a server: with Python's own matcher the two can
make an expression that takes for ever. Rust's, which jsonschema-rs brings, cannot (no look-around, no back-references).
"""

from typing import Any


class BadPattern(ValueError):
    """The expression cannot be used; the message says why."""


class Pattern:
    """A compiled expression; upper and lower case are the same to it."""

    def __init__(self, text: str) -> None:
        """Compile it.

        Raises:
            BadPattern: it is no regular expression, or needs look-around or a back-reference.
        """
        import jsonschema_rs

        self._text = text
        try:
            self._matcher: Any = jsonschema_rs.validator_for(
                {"type": "string", "pattern": f"(?i){text}"}, pattern_options=jsonschema_rs.RegexOptions()
            )
        except jsonschema_rs.ValidationError as error:
            raise BadPattern(
                f"'{text}' is no regular expression that takes linear time (no look-around, no back-references)"
            ) from error

    def search(self, text: str) -> bool:
        """True when it is found anywhere in the text."""
        return bool(self._matcher.is_valid(text))

    def __repr__(self) -> str:
        return self._text
