"""The secrets that the environment holds: kept from every output before anything is printed."""

import os
from urllib.parse import unquote

from rtdoctor.linear import pattern
from rtdoctor.privacy.known import keep
from rtdoctor.privacy.secret import Secret, SecretKind

_VARIABLES: dict[str, SecretKind] = {
    "OPENAI_API_KEY": "key",
    "OPENAI_ORG_ID": "organisation",
    "OPENAI_PROJECT_ID": "organisation",
}
_URLS = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "OPENAI_BASE_URL")
# Up to the last @ before the path: what stands before it is no host, however odd it is written.
_USER = pattern(r"^(?:[a-z][a-z0-9+.\-]*:/{0,3})?(?P<user>[^/@:]*)(?::(?P<password>.*))?@")


def keep_environment() -> None:
    """Keep the keys of the environment, and what stands for a password in its URLs."""
    keep(Secret(value, kind, name) for name, kind in _VARIABLES.items() if (value := os.environ.get(name)))
    for name in _URLS:
        keep(Secret(part, "proxy-password", name) for part in user_information(os.environ.get(name, "")))


def user_information(url: str) -> list[str]:
    """User and password of a URL as they stand and decoded, in whatever form they are written; none where there is no
    password and the user looks like no credential."""
    user = _USER.search(url)
    if user is None:
        return []
    password = user.text("password")
    parts = [password] if password else [user.text("user")]
    return [form for part in parts for form in dict.fromkeys((part, unquote(part))) if form]
