"""Where the key comes from: the environment or a file, never a flag's value."""

import os
from pathlib import Path

from rtdoctor.files import read_bounded
from rtdoctor.privacy.errors import Usage
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret

KEY_VARIABLE = "OPENAI_API_KEY"
NO_KEY = "none"  # --key-env none: no key, whatever the environment holds
_MOST_BYTES = 64 * 1024
_LONGEST_KEY = 16 * 1024  # a header of that size is taken by no server


def find_key(key_env: str | None, key_file: Path | None, key: str | None = None) -> Secret | None:
    """The key, kept from being printed; None when nothing was named and the usual variable is not set. A `key` that the
    caller has at hand goes before both.

    Raises:
        Usage: both were given, the named variable is not set, or the file cannot be read or is empty.
    """
    if key_env == "":
        raise Usage("--key-env is empty; it wants the name of an environment variable")
    if key_env == NO_KEY and not key and not key_file:
        return None
    if key_env and key_file:
        raise Usage("--key-env and --key-file name two keys; give one of them")
    name = key_env or KEY_VARIABLE
    secret = Secret(_read(key_file), "key", f"the file {key_file}") if key_file else None
    if key:
        secret = Secret(key, "key", "the caller")
    if secret is None and (value := os.environ.get(name, "")):
        secret = Secret(value, "key", name)
    if secret:
        if len(secret.reveal()) > _LONGEST_KEY:
            raise Usage("{}: holds more than {} characters; no key is as long", secret.source, _LONGEST_KEY)
        keep([secret])
        return secret
    if key_env:
        raise Usage("--key-env {}: this environment variable is not set", key_env)
    return None


def _read(file: Path) -> str:
    try:
        data = read_bounded(file, _MOST_BYTES)
    except OSError as error:
        raise Usage("--key-file {}: {}", file, error) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Usage("--key-file {}: is no UTF-8 text", file) from error
    # Every editor ends a file with a line break; anything else stays and is told by the configuration rung.
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Usage("--key-file {}: is empty", file)
    return text
