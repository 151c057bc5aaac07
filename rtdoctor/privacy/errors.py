"""Errors that are told to a person: a sentence of ours, and in it, quoted, what came from outside."""

from rtdoctor.privacy.quote import quote_start

_MOST = 300  # characters of a value that are told


class InputError(Exception):
    """Bad input. `sentence` is of ours, with `{}` where something from outside is named; whatever is put there is
    quoted, so that no error shows a key that was typed, pasted or read in the wrong place."""

    def __init__(self, sentence: str, *outside: object) -> None:
        super().__init__(sentence.format(*map(_shown, outside)) if outside else sentence)


class Usage(InputError):
    """What was asked for cannot be done: one sentence that names the place and the reason. Ends a command with exit
    code 2."""


def _shown(value: object) -> object:
    return value if isinstance(value, (int, float)) else quote_start(str(value), _MOST)
