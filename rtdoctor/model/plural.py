"""Numbers with their noun."""


def plural(count: int, one: str, many: str = "") -> str:
    """`1 scenario`, `3 scenarios`."""
    return f"{count} {one if count == 1 else many or one + 's'}"
