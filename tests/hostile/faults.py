"""The table of faults: what is wrong, how it is made, and which cause and exit code `check` and `probe` must give it.

tests/hostile/test_fault_table.py runs every line; docs/faults.md is made from it.
"""

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from ssl import TLSVersion

import trustme

from tests.cli.commands.test_check import serving as serving_mock
from tests.hostile import frames, http, proxies, tcp, tls
from tests.hostile.frames import after_101, close, created, error, event, for_ever, frame
from tests.hostile.http import accepting, refusing, saying, upgrading
from tests.hostile.servers import HOST, Met, end, hold, reset

JSON = "Content-Type: application/json"
PORTAL = "<!DOCTYPE html><html><head><title>Welcome to Hotel WiFi</title></head><body>Please log in.</body></html>"
EDGE = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have been "
    "blocked</h1><div class='cf-error-details'>You are unable to access example.com</div></body></html>"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: cause None is a healthy end. `rungs` are those of the ladder where it may show (with a warning: the
    rung that warns). `probe` is told where it differs from check. `says` stands among the facts of that rung.
    `seconds` is the --timeout of the runs."""

    id: str
    what: str
    make: Callable[[Path], AbstractContextManager[Met]]
    cause: str | None
    exit_code: int
    rungs: tuple[str, ...] = ()
    probe: tuple[str | None, int] | None = None
    warns: bool = False
    says: str = ""
    seconds: float = 1.0

    @property
    def probed(self) -> tuple[str | None, int]:
        """Cause and exit code of probe."""
        return self.probe or (self.cause, self.exit_code)


def _named(base: str, *arguments: str) -> Callable[[Path], AbstractContextManager[Met]]:
    """A fault that needs no server."""

    @contextmanager
    def make(_place: Path) -> Iterator[Met]:
        yield Met(base, arguments)

    return make


@contextmanager
def _second_address(_place: Path) -> Iterator[Met]:
    with serving_mock() as mock:
        resolve = f"api.example:{mock.port}:127.0.0.2,127.0.0.1"
        yield Met(f"http://api.example:{mock.port}/v1", ("--resolve", resolve))


@contextmanager
def _at_port(port: AbstractContextManager[int]) -> Iterator[Met]:
    with port as number:
        yield Met(f"http://{HOST}:{number}/v1")


def _up(shake: http.Shake) -> Callable[[Path], AbstractContextManager[Met]]:
    return lambda _: upgrading(shake)


# --- names and TCP --------------------------------------------------------------------------------------------------
NAMES = [
    Fault(
        "dns.no-such-name",
        "the name does not resolve",
        _named("https://rtdoctor.invalid/v1"),
        "network.dns",
        3,
        ("dns",),
    ),
    Fault(
        "dns.family",
        "the name has an IPv6 address only, and IPv4 is asked for (`-4`)",
        _named("http://api.example:9/v1", "--resolve", "api.example:9:::1", "-4"),
        "network.dns",
        3,
        ("dns",),
    ),
    Fault(
        "dns.unreachable",
        "the name's only address is one that the system has no route to",
        # TCP to a multicast address is ENETUNREACH on every machine; an address of IPv6 may be that, or time out.
        _named("http://api.example:9/v1", "--resolve", "api.example:9:224.0.0.1"),
        "network.no-route",
        3,
        ("tcp",),
    ),
    Fault(
        "dns.first-address-dead",
        "of two addresses the first is dead, the second healthy",
        _second_address,
        None,
        0,
        ("tcp",),
        warns=True,
        says="127.0.0.2",
    ),
]
TCP = [
    Fault(
        "tcp.refused",
        "nothing listens on the port",
        lambda _: _at_port(tcp.closed_port()),
        "network.tcp-refused",
        3,
        ("tcp",),
    ),
    Fault(
        "tcp.dropped",
        "packets to the port are dropped",
        lambda _: _at_port(tcp.full_backlog()),
        "network.tcp-timeout",
        3,
        ("tcp",),
    ),
    Fault(
        "tcp.silent",
        "the server accepts, and says nothing",
        lambda _: tcp.answering(hold),
        "network.upgrade-timeout",
        3,
        ("upgrade",),
        seconds=0.6,
    ),
    Fault(
        "tcp.accept-reset",
        "the server accepts, and resets the connection at once",
        lambda _: tcp.answering(reset),
        "network.tcp-refused",
        3,
        ("tcp", "upgrade"),
    ),
    Fault(
        "tcp.request-reset",
        "the server resets the connection when it is asked",
        lambda _: tcp.answering(tcp.reset_when_asked),
        "network.tcp-refused",
        3,
        ("upgrade",),
    ),
    Fault(
        "tcp.tls-reset",
        "the connection is reset in the TLS handshake",
        lambda _: tcp.answering(tcp.reset_when_asked, "https"),
        "network.tcp-refused",
        3,
        ("tls",),
    ),
]


# --- TLS ------------------------------------------------------------------------------------------------------------
def _trusting(place: Path, ca: trustme.CA) -> tuple[str, str]:
    return ("--ca-file", tls.written(ca.cert_pem, place / "ca.pem"))


def _untrusted(_place: Path) -> AbstractContextManager[Met]:
    return tls.secured(tls.context_with(trustme.CA(organization_name="A CA of its own").issue_cert("localhost")))


def _no_intermediate(place: Path) -> AbstractContextManager[Met]:
    root = trustme.CA()
    leaf = root.create_child_ca().issue_cert("localhost")
    return tls.secured(tls.leaf_only(leaf), *_trusting(place, root))


def _dated(place: Path, begins: int, ends: int) -> AbstractContextManager[Met]:
    ca, now = trustme.CA(), datetime.datetime.now(datetime.UTC)
    leaf = ca.issue_cert("localhost", not_before=now + begins * tls.DAY, not_after=now + ends * tls.DAY)
    return tls.secured(tls.context_with(leaf), *_trusting(place, ca))


def _other_host(place: Path) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    return tls.secured(tls.context_with(ca.issue_cert("elsewhere.example")), *_trusting(place, ca))


def _old_tls(place: Path) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    return tls.alerting(tls.old_only(ca.issue_cert("localhost")), *_trusting(place, ca))


def _wants_client(place: Path, version: TLSVersion) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    return tls.alerting(tls.wanting_client(ca, version), *_trusting(place, ca))


def _gets_client(place: Path, version: TLSVersion) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    client = ca.issue_cert("client@rtdoctor.example")
    cert = tls.written(client.cert_chain_pems[0], place / "client.pem")
    key = tls.written(client.private_key_pem, place / "client.key")
    given = ("--cert", cert, "--key", key, *_trusting(place, ca))
    return tls.healthy(ca, *given, context=tls.wanting_client(ca, version))


def _asks_by_400(place: Path) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    return tls.asking_by_400(ca, *_trusting(place, ca))


def _ca_by_flag(place: Path) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    return tls.healthy(ca, *_trusting(place, ca))


def _ca_by_variable(place: Path, name: str) -> AbstractContextManager[Met]:
    ca = trustme.CA()
    return tls.healthy(ca, env={name: tls.written(ca.cert_pem, place / "ca.pem")})


def _tls_on_plain(_place: Path) -> AbstractContextManager[Met]:
    return tls.secured(tls.context_with(trustme.CA().issue_cert(HOST)), scheme="http")


@contextmanager
def _plain_on_tls(_place: Path) -> Iterator[Met]:
    with serving_mock() as mock:
        yield Met(f"https://localhost:{mock.port}/v1")


def _tls(
    name: str, what: str, make: Callable[[Path], AbstractContextManager[Met]], cause: str, **more: object
) -> Fault:
    return Fault(f"tls.{name}", what, make, f"network.tls-{cause}", 3, ("tls",), **more)  # type: ignore[arg-type]


TLS = [
    _tls("silent", "the server never finishes TLS", lambda _: tcp.answering(hold, "https"), "failed", seconds=0.6),
    _tls("private-ca", "the certificate's CA is not trusted", _untrusted, "untrusted", says="A CA of its own"),
    _tls("self-signed", "the certificate is self-signed", lambda _: tls.secured(tls.self_signed()), "untrusted"),
    _tls("no-intermediate", "the server does not send its intermediate certificate", _no_intermediate, "untrusted"),
    _tls("expired", "the certificate is expired", partial(_dated, begins=-90, ends=-1), "expired"),
    _tls("not-yet-valid", "the certificate is not yet valid", partial(_dated, begins=1, ends=90), "expired"),
    _tls("other-host", "the certificate is for another host", _other_host, "hostname", says="elsewhere.example"),
    _tls("old-version", "the server speaks TLS 1.1 only", _old_tls, "failed"),
    _tls(
        "client-cert-12",
        "a client certificate is wanted (TLS 1.2)",
        partial(_wants_client, version=TLSVersion.TLSv1_2),
        "failed",
    ),
    _tls(
        "client-cert-13",
        "a client certificate is wanted (TLS 1.3)",
        partial(_wants_client, version=TLSVersion.TLSv1_3),
        "failed",
    ),
    _tls("plain-on-tls", "the port of an https URL speaks plain HTTP", _plain_on_tls, "failed"),
    Fault(
        "tls.on-plain-hangs-up",
        "the port of an http URL speaks TLS, and hangs up",
        _tls_on_plain,
        "network.tls-failed",
        3,
        ("upgrade",),
    ),
    Fault(
        "tls.on-plain-says-so",
        "the port of an http URL speaks TLS, and says so with a 400, as nginx does",
        lambda _: tls.as_nginx(trustme.CA()),
        "network.tls-failed",
        3,
        ("upgrade",),
    ),
    Fault(
        "tls.client-cert-says-so",
        "a client certificate is wanted, and a 400 says so, as nginx does",
        _asks_by_400,
        "network.tls-failed",
        3,
        ("upgrade",),
    ),
    Fault(
        "tls.client-cert-given-12",
        "the client certificate wanted is given, `--cert` and `--key` (TLS 1.2)",
        partial(_gets_client, version=TLSVersion.TLSv1_2),
        None,
        0,
    ),
    Fault(
        "tls.client-cert-given-13",
        "the client certificate wanted is given, `--cert` and `--key` (TLS 1.3)",
        partial(_gets_client, version=TLSVersion.TLSv1_3),
        None,
        0,
    ),
    Fault("tls.ca-file", "the private CA is given by `--ca-file`", _ca_by_flag, None, 0),
    Fault(
        "tls.ssl-cert-file",
        "the private CA is given by `SSL_CERT_FILE`",
        partial(_ca_by_variable, name="SSL_CERT_FILE"),
        None,
        0,
    ),
    Fault(
        "tls.requests-ca-bundle",
        "the private CA is given by `REQUESTS_CA_BUNDLE`",
        partial(_ca_by_variable, name="REQUESTS_CA_BUNDLE"),
        None,
        0,
    ),
]


# --- proxies, named by flag and by variable -------------------------------------------------------------------------
def _proxied(way: str) -> list[Fault]:
    by = {"flag": "`--proxy`", "variable": "`HTTPS_PROXY`"}[way]
    with_user = {"credentials": f"{proxies.USER}:{proxies.PASSWORD}"}
    knows = with_user | {"user": f"{proxies.USER}:{proxies.PASSWORD}@"}
    zscaler, unknown = "Zscaler Root CA", "Corporate Inspection 7"
    lines: list[tuple[str, str, Callable[[Path], AbstractContextManager[Met]], str | None, str, str, float]] = [
        ("works", "the proxy works", partial(proxies.by_proxy, way=way), None, "", "", 1),
        (
            "auth",
            "the proxy wants credentials",
            partial(proxies.by_proxy, way=way, **with_user),
            "proxy-auth",
            "tcp",
            "",
            1,
        ),
        (
            "credentials",
            "the proxy gets credentials from its URL",
            partial(proxies.by_proxy, way=way, **knows),
            None,
            "",
            "",
            1,
        ),
        (
            "refuses",
            "the proxy refuses CONNECT",
            partial(proxies.by_proxy, way=way, answer=proxies.REFUSES),
            "proxy-refused",
            "tcp",
            "",
            1,
        ),
        (
            "dies",
            "the proxy hangs up in the middle of its answer",
            partial(proxies.by_proxy, way=way, answer=b"HTTP/1.1 20"),
            "proxy-refused",
            "tcp",
            "",
            1,
        ),
        (
            "silent",
            "the proxy never answers CONNECT",
            partial(proxies.by_silent_proxy, way=way),
            "proxy-refused",
            "tcp",
            "",
            0.6,
        ),
        (
            "not-there",
            "the proxy is not there",
            partial(proxies.by_no_proxy_there, way=way),
            "proxy-refused",
            "tcp",
            "",
            1,
        ),
        (
            "inspects-zscaler",
            "the proxy opens TLS with a well-known CA",
            partial(proxies.by_inspection, way=way, issuer=zscaler),
            "tls-untrusted",
            "tls",
            zscaler,
            1,
        ),
        (
            "inspects-unknown",
            "the proxy opens TLS with an unknown CA",
            partial(proxies.by_inspection, way=way, issuer=unknown),
            "tls-untrusted",
            "tls",
            unknown,
            1,
        ),
        (
            "inspects-trusted",
            "the proxy opens TLS, and its CA is given",
            partial(proxies.by_inspection, way=way, issuer=zscaler, trusted=True),
            None,
            "",
            "",
            1,
        ),
    ]
    return [
        Fault(
            f"proxy.{name}.{way}",
            f"{what} ({by})",
            make,
            f"network.{cause}" if cause else None,
            3 if cause else 0,
            (rung,) if rung else (),
            says=says,
            seconds=seconds,
        )
        for name, what, make, cause, rung, says, seconds in lines
    ]


PROXIES = [
    *_proxied("flag"),
    *_proxied("variable"),
    Fault("proxy.no-proxy", "`NO_PROXY` names the host, and the proxy is not asked", proxies.past_the_proxy, None, 0),
]


# --- the upgrade ----------------------------------------------------------------------------------------------------
@contextmanager
def _strip_the_request(_place: Path) -> Iterator[Met]:
    with serving_mock() as mock, http.reverse_proxy(mock.port, drop=(b"upgrade", b"connection")) as met:
        yield met


def _error(code: str, message: str, kind: str = "request_forbidden") -> str:
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def _at_upgrade(name: str, what: str, shake: http.Shake, cause: str, code: int = 3, **more: object) -> Fault:
    return Fault(f"http.{name}", what, _up(shake), cause, code, ("upgrade",), **more)  # type: ignore[arg-type]


def _redirect(status: str, where: str, location: str | None) -> Fault:
    return Fault(
        f"http.{status[:3]}-{where.split()[1]}",
        f"{status[:3]} to {where}, which is never asked",
        lambda _: http.redirecting(status, location),
        "network.redirected",
        3,
        ("upgrade",),
    )


REGION = _error("unsupported_country_region_territory", "Country, region, or territory not supported")
FORBIDDEN = _error("ip_not_authorized", "Your IP address is not on the allow-list of this project.")
TOO_FAST = "Rate limit reached for gpt-realtime-whisper in organization org-1 on requests per min (RPM): Limit 3."
FASTIFY_400 = '{"statusCode": 400, "error": "Bad Request", "message": "Bad Request"}'
NGINX_400 = (
    "<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"
    "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
)
UPGRADE = [
    _at_upgrade("101-stripped", "101 without its Upgrade header", http.stripped, "network.upgrade-stripped"),
    Fault(
        "http.request-stripped",
        "a reverse proxy removes Upgrade and Connection from the request",
        _strip_the_request,
        "network.upgrade-stripped",
        3,
        ("upgrade",),
    ),
    _at_upgrade(
        "200-portal",
        "200 with the page of a captive portal",
        refusing("200 OK", PORTAL, "Content-Type: text/html"),
        "network.upgrade-stripped",
    ),
    _at_upgrade("426", "426", refusing("426 Upgrade Required", "", "Upgrade: h2c"), "network.upgrade-stripped"),
    *(
        _at_upgrade(f"400-{name}", f"400 that gives no reason: {what}", shake, "network.upgrade-stripped")
        for name, what, shake in (
            (
                "page",
                "nginx's page",
                refusing("400 Bad Request", NGINX_400, "Server: nginx", "Content-Type: text/html"),
            ),
            ("empty", "nothing", refusing("400 Bad Request", "", "Server: nginx/1.22.1")),
            ("words", "Go's words, through nginx", refusing("400 Bad Request", "Bad Request\n", "Server: nginx")),
            ("json", "a framework's JSON", refusing("400 Bad Request", FASTIFY_400, "Server: nginx", JSON)),
        )
    ),
    _at_upgrade("405", "405", refusing("405 Method Not Allowed", "", "Allow: POST"), "network.upgrade-stripped"),
    *(
        _redirect(status, "another host", None)
        for status in ("301 Moved Permanently", "302 Found", "307 Temporary Redirect")
    ),
    _redirect("302 Found", "a login page", "/login?next=/v1/realtime"),
    _at_upgrade("ssh", "no HTTP: a banner of SSH", saying(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "network.not-http"),
    _at_upgrade("endless-headers", "headers without end, fast", http.endless_headers, "network.not-http"),
    _at_upgrade(
        "slow-headers",
        "headers without end, a line at a time",
        http.slow_headers,
        "network.upgrade-timeout",
        seconds=0.6,
    ),
    _at_upgrade("endless-body", "502 with a body without end", http.endless_body, "refused.server-error"),
    _at_upgrade(
        "slow-head", "a right answer, one byte a second", http.slow_head, "network.upgrade-timeout", seconds=0.6
    ),
    _at_upgrade(
        "wrong-accept",
        "101 with a wrong Sec-WebSocket-Accept",
        accepting(accept="bm90IHRoZSByaWdodCBvbmU="),
        "network.not-http",
    ),
    _at_upgrade("no-accept", "101 without Sec-WebSocket-Accept", accepting(accept=""), "network.not-http"),
    _at_upgrade(
        "subprotocol",
        "101 with a subprotocol that was never offered",
        accepting("Sec-WebSocket-Protocol: graphql-ws"),
        "refused.subprotocol",
        1,
    ),
    _at_upgrade(
        "extension",
        "101 with an extension that was never offered",
        accepting("Sec-WebSocket-Extensions: permessage-deflate"),
        "network.not-http",
    ),
    _at_upgrade(
        "401", "401", refusing("401 Unauthorized", _error("invalid_token", "No."), JSON), "refused.unauthorized", 1
    ),
    _at_upgrade(
        "403-asgi", "403, empty, of uvicorn", refusing("403 Forbidden", "", "server: uvicorn"), "refused.not-routed", 1
    ),
    _at_upgrade(
        "403-reason",
        "403 with a reason in OpenAI's form",
        refusing("403 Forbidden", FORBIDDEN, JSON),
        "refused.forbidden",
        1,
    ),
    _at_upgrade(
        "403-region", "403, the region is not supported", refusing("403 Forbidden", REGION, JSON), "refused.region", 1
    ),
    _at_upgrade(
        "403-edge",
        "403 with a block page of Cloudflare",
        refusing("403 Forbidden", EDGE, "Server: cloudflare", "CF-RAY: 8f1-FRA", "Content-Type: text/html"),
        "refused.edge-block",
        1,
    ),
    _at_upgrade("404", "404, empty", refusing("404 Not Found"), "refused.path", 1),
    _at_upgrade(
        "429",
        "429 with Retry-After",
        refusing("429 Too Many Requests", "", "Retry-After: 173"),
        "refused.rate-limited",
        says="173",
    ),
    _at_upgrade(
        "429-openai",
        "429 with OpenAI's JSON of a rate limit",
        refusing("429 Too Many Requests", _error("rate_limit_exceeded", TOO_FAST, "requests"), JSON),
        "refused.rate-limited",
        says="rate_limit_exceeded",
    ),
    _at_upgrade(
        "503-openai",
        "503 with OpenAI's JSON of a rate limit",
        refusing("503 Service Unavailable", _error("rate_limit_exceeded", TOO_FAST, "requests"), JSON),
        "refused.rate-limited",
    ),
    _at_upgrade(
        "429-no-credit",
        "429 with OpenAI's JSON of an empty account",
        refusing(
            "429 Too Many Requests", _error("credit_balance_exhausted", "No credits.", "insufficient_quota"), JSON
        ),
        "limits.quota",
        1,
    ),
    _at_upgrade("500", "500", refusing("500 Internal Server Error"), "refused.server-error"),
    _at_upgrade(
        "502",
        "502",
        refusing("502 Bad Gateway", "<html>Bad gateway</html>", "Content-Type: text/html"),
        "refused.server-error",
    ),
    _at_upgrade("503", "503", refusing("503 Service Unavailable"), "refused.server-error"),
]


# --- after the 101 --------------------------------------------------------------------------------------------------
def _after(name: str, what: str, shake: http.Shake, cause: str, code: int, **more: object) -> Fault:
    return Fault(f"ws.{name}", what, _up(shake), cause, code, ("first-event",), **more)  # type: ignore[arg-type]


INVALID = "Incorrect API key provided: sk-proj-****2468. You can find your API key at https://platform.openai.com."
MISSING = "You must provide a model parameter, for example wss://api.openai.com/v1/realtime?model=gpt-realtime-1.5"
RETIRED = "The model `gpt-realtime-whisper` does not exist or you do not have access to it."
NO_CREDIT = "You exceeded your current quota, please check your plan and billing details."
HALF = frame(1, created())[:40]
LIMITS = event("rate_limits.updated", rate_limits=[{"name": "requests", "remaining": 1}])
AFTER_101 = [
    _after("silent", "nothing", after_101(), "peer.silent", 3, seconds=0.6),
    _after(
        "invalid-key",
        "error invalid_api_key, close 3000",
        after_101(*error("invalid_request_error", "invalid_api_key", INVALID, 3000)),
        "auth.invalid",
        1,
    ),
    _after(
        "missing-model",
        "error missing_model, close 4000",
        after_101(*error("invalid_request_error", "missing_model", MISSING, 4000)),
        "session.model-missing",
        1,
    ),
    _after(
        "retired-model",
        "error model_not_found, close 4004",
        after_101(*error("invalid_request_error", "model_not_found", RETIRED, 4004)),
        "session.model-retired",
        1,
    ),
    _after(
        "no-credit",
        "error insufficient_quota, close 1013",
        after_101(*error("insufficient_quota", "insufficient_quota", NO_CREDIT, 1013)),
        "limits.quota",
        1,
    ),
    *(
        _after(f"close-{name}", f"close {number} `{reason}` without an event", after_101(close(number, reason)), *due)
        for name, number, reason, *due in (
            ("no-credit", 1013, "insufficient_quota.credit_balance_exhausted", "limits.quota", 1),
            ("quota", 1013, "insufficient_quota", "limits.quota", 1),
            ("rate", 1013, "requests.rate_limit_exceeded", "limits.rate", 3),
            ("code", 1008, "invalid_api_key", "auth.invalid", 1),
            ("invalid-key", 3000, "invalid_request_error.invalid_api_key", "auth.invalid", 1),
            ("beta", 4000, "invalid_request_error.beta_api_shape_disabled", "session.beta-retired", 1),
            ("missing-model", 4000, "invalid_request_error.missing_model", "session.model-missing", 1),
        )
    ),
    _after("close-1013", "close 1013 without an event", after_101(close(1013, "try again later")), "close.server", 3),
    _after("close-1008", "close 1008 without an event", after_101(close(1008, "policy")), "close.policy", 1),
    _after("close-1011", "close 1011 without an event", after_101(close(1011, "internal error")), "close.server", 3),
    _after("close-1012", "close 1012 without an event", after_101(close(1012, "service restart")), "close.server", 3),
    _after("end", "the end, without a close frame", after_101(then=end), "close.abnormal", 3),
    _after("reset", "a reset", after_101(then=reset), "close.abnormal", 3),
    _after("half-frame-end", "half a frame, then the end", after_101(HALF, then=end), "close.abnormal", 3),
    _after("half-frame-silent", "half a frame, then nothing", after_101(HALF), "peer.silent", 3, seconds=0.6),
    _after(
        "bad-utf8",
        "a text frame that is no UTF-8",
        after_101(frame(1, b'{"type": "\xff\xfe"}')),
        "peer.broken-frames",
        1,
    ),
    _after("masked", "a masked frame", after_101(frame(1, created(), mask=True)), "peer.broken-frames", 1),
    _after(
        "reserved-opcode", "a frame with a reserved opcode", after_101(frame(3, created())), "peer.broken-frames", 1
    ),
    _after("long-ping", "a control frame that is too long", after_101(frame(9, b"x" * 126)), "peer.broken-frames", 1),
    _after("huge-frame", "a frame of 64 MiB", after_101(then=frames.huge_frame), "peer.broken-frames", 1),
    _after(
        "bomb",
        "a compression bomb, though no compression was negotiated",
        lambda *given: after_101(frames.bomb())(*given),
        "peer.broken-frames",
        1,
    ),
    _after("deep-json", "JSON that is 100,000 deep", after_101(frames.deep()), "peer.not-realtime", 1),
    _after(
        "long-number",
        "session.created with a number of 10,000 digits",
        after_101(frames.odd_created("n", "9" * 10_000)),
        "peer.not-realtime",
        1,
    ),
    _after("nan", "session.created with a NaN", after_101(frames.odd_created("n", "NaN")), "peer.not-realtime", 1),
    _after(
        "duplicate-keys",
        "session.created with a key twice",
        after_101(frames.odd_created("session", '{"type": "realtime"}')),
        "peer.not-realtime",
        1,
    ),
    _after(
        "no-session",
        "events for ever, and no session.created among them",
        after_101(then=for_ever(LIMITS)),
        "peer.not-realtime",
        1,
    ),
    Fault(
        "ws.no-update",
        "session.created, and then events for ever without session.updated",
        _up(after_101(frame(1, created()), then=for_ever(LIMITS))),
        "peer.not-realtime",
        1,
        ("session",),
    ),
    _after(
        "pings", "pings for ever", after_101(then=for_ever(frame(9, b"are you there"))), "peer.silent", 3, seconds=0.6
    ),
    _after(
        "deaf-pings",
        "pings for ever, and no pong is ever read",
        after_101(then=for_ever(frame(9, b"x" * 125), deaf=True)),
        "peer.silent",
        3,
        seconds=0.6,
    ),
]


# --- the clock ------------------------------------------------------------------------------------------------------
@contextmanager
def _off(_place: Path, seconds: float) -> Iterator[Met]:
    with serving_mock() as mock, http.reverse_proxy(mock.port, edit=http.redated(seconds)) as met:
        yield met


CLOCK = [
    Fault(
        "clock.ahead",
        "the server's clock is an hour ahead",
        partial(_off, seconds=3600),
        "auth.clock-skew",
        0,
        ("http",),
        warns=True,
    ),
    Fault(
        "clock.behind",
        "the server's clock is an hour behind",
        partial(_off, seconds=-3600),
        "auth.clock-skew",
        0,
        ("http",),
        warns=True,
    ),
]

GROUPS = {
    "Names": NAMES,
    "TCP": TCP,
    "TLS": TLS,
    "Proxies": PROXIES,
    "The answer to the upgrade (REST is healthy)": UPGRADE,
    "After the 101 (REST is healthy)": AFTER_101,
    "The clock": CLOCK,
}
FAULTS = [fault for group in GROUPS.values() for fault in group]
