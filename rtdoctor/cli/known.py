"""The secrets that this process knows, and its one redactor: what prints and what guards look at the same ones."""

import os
import re
from collections.abc import Iterable
from functools import cache

from rtdoctor.model.redact import Redactor
from rtdoctor.model.secret import Secret, SecretKind

_VARIABLES: dict[str, SecretKind] = {
    "OPENAI_API_KEY": "key",
    "OPENAI_ORG_ID": "organisation",
    "OPENAI_PROJECT_ID": "organisation",
}
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@cache
def redactor() -> Redactor:
    """The redactor of this process. It knows the environment's secrets; `keep` adds what is found later."""
    found = [Secret(value, kind, name) for name, kind in _VARIABLES.items() if (value := os.environ.get(name))]
    for name in _PROXY_VARIABLES:
        password = re.search(r"://[^/:@]*:([^/]*)@", os.environ.get(name, ""))
        if password:
            found.append(Secret(password[1], "proxy-password", name))
    return Redactor(found)


def keep(secrets: Iterable[Secret | None]) -> None:
    """Let nobody print these from now on."""
    for secret in secrets:
        if secret:
            redactor().add(secret)
