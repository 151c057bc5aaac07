"""Judges the rungs below HTTP: name, TCP or a proxy's tunnel, certificate. No I/O."""

from collections.abc import Sequence
from dataclasses import replace

from rtdoctor.diagnose.describe import day
from rtdoctor.diagnose.inspectors import inspector_of
from rtdoctor.diagnose.referee import finding
from rtdoctor.knowledge.profiles import profiles
from rtdoctor.model.exchange import Certificate, Fault, Request
from rtdoctor.model.finding import Evidence, Finding
from rtdoctor.model.outcome import Outcome
from rtdoctor.model.plural import plural
from rtdoctor.model.target import Route, Target
from rtdoctor.privacy.quote import quote, quote_headers, quoted, redact

_INSPECTED = "The certificate is signed by {}, which opens TLS on this network, and its root is not trusted here."
_TRUST_IT = (
    "Ask whoever runs this network for the root certificate of {}, and give it with --ca-file FILE; your client wants "
    "it, too: SSL_CERT_FILE (Python, Go, .NET on Linux), REQUESTS_CA_BUNDLE (requests), NODE_EXTRA_CA_CERTS (Node). Or "
    "have the endpoint's host left out of the inspection."
)
CERTIFICATE_WARNED = 14 * 86_400  # seconds left


def judge_addresses(host: str, addresses: Sequence[str], fault: Fault | None, *, given: bool = False) -> Finding:
    """The name has addresses."""
    if fault is not None:
        return _of_fault(fault, f"{redact(host)}: {quote(fault.text)}")
    facts = [f"Host: {redact(host)}"]
    if given:
        facts.append("The addresses are those of --resolve; the resolver was not asked.")
    return Finding("pass", ", ".join(addresses[:3]) + (" …" if len(addresses) > 3 else ""), facts=tuple(facts))


def judge_connection(
    address: str | None, failed: Sequence[tuple[str, str]], fault: Fault | None, by_proxy: bool = False
) -> Finding:
    """One of the addresses takes a connection; those that did not are told. By a proxy they are the proxy's."""
    if address is None and fault is not None:
        if by_proxy:
            fault = Fault("tcp", "proxy-absent", f"the proxy cannot be reached: {fault.text}")
        return _of_fault(fault, quote(fault.text))
    facts = tuple(text for _, text in failed)
    if failed:
        return Finding(
            "warn", f"{address}, after {plural(len(failed), 'address', 'addresses')} that failed", facts=facts
        )
    return Finding("pass", f"{'the proxy at ' if by_proxy else ''}{address}")


def judge_tunnel(route: Route, fault: Fault) -> Finding:
    """The proxy opens no tunnel to the endpoint."""
    why = quote(fault.text)
    facts = [f"The proxy is {redact(route.proxy_host)}, from {route.proxy_from}.", f"{why[:1].upper()}{why[1:]}."]
    facts += [f"{name}: {value}." for name, value in quote_headers(fault.details)]
    return _of_fault(fault, quote(fault.text), facts)


def judge_certificate(
    certificate: Certificate | None,
    version: str | None,
    fault: Fault | None,
    now: float,
    target: Target | None = None,
    sent: int | None = None,
) -> Finding:
    """The chain is trusted, the name fits, the dates hold. `sent` is how many certificates the server sent."""
    facts = []
    certificate = quoted(certificate)
    if certificate is not None:
        facts = [
            f"Certificate for {certificate.subject} ({', '.join(certificate.names[:6]) or 'no names'}).",
            f"Issued by {certificate.issuer.rstrip('.')}.",
            f"Valid from {day(certificate.not_before)} to {day(certificate.not_after)}.",
        ]
    evidence: tuple[Evidence, ...] = ()
    if certificate is not None and (known := inspector_of(certificate.issuer)):
        facts.append(f"That issuer is {known.name}: TLS is opened on the way and signed anew.")
        evidence = (known.evidence,)
    if fault is not None:
        if fault.kind == "untrusted" and certificate is not None:
            facts.append(_why_untrusted(fault, certificate, sent, target, bool(evidence)))
        base = _of_fault(fault, quote(fault.text), facts)
        if fault.kind == "untrusted" and certificate is not None and (known := inspector_of(certificate.issuer)):
            why, remedy = _INSPECTED.format(known.name), _TRUST_IT.format(known.name)
            title = f"A company's proxy opens TLS on the way ({known.name})"
            base = replace(base, title=title, explanation=why, remedy=remedy)
        return replace(base, evidence=(*evidence, *base.evidence))
    left = certificate.not_after - now if certificate else CERTIFICATE_WARNED
    summary = f"{version}, issued by {certificate.issuer}" if certificate else f"{version}"
    if left < CERTIFICATE_WARNED:
        return Finding("warn", f"{summary}, ends in {left / 86_400:.0f} days", facts=tuple(facts))
    return Finding("pass", summary, facts=tuple(facts), evidence=evidence)


def _is_known_service(target: Target | None) -> bool:
    """True for the host of a provider, which has a certificate of a public CA."""
    return target is not None and bool(profiles()[target.profile].hosts)


def _why_untrusted(
    fault: Fault, certificate: Certificate, sent: int | None, target: Target | None, inspected: bool
) -> str:
    """Self-signed, an incomplete chain, an inspecting proxy or a private CA: what the certificate itself tells."""
    by_proxy = target is not None and target.route.proxy is not None
    if fault.text in ("self-signed certificate", "self signed certificate"):  # OpenSSL 3 and 1.1
        return "It is self-signed: give this very certificate with --ca-file if you know it."
    if inspected or (by_proxy and _is_known_service(target)):
        return "The proxy's own CA is what a client must trust here."
    if by_proxy:
        return (
            f"It came through the proxy: either {certificate.issuer} is the endpoint's own CA, or the proxy opens TLS."
        )
    if _is_known_service(target):
        return "This service uses public CAs: something on the way opens TLS and signs for itself."
    if sent == 1:
        return (
            f"The server sent this certificate alone: {certificate.issuer} is a private CA that is not trusted here, "
            "or an intermediate that the server must send too."
        )
    return f"{certificate.issuer} is a CA that is not trusted here."


def judge_unchecked(judged: Finding, fault: Fault | None) -> Finding:
    """The finding of the TLS rung under --insecure: what would have failed warns, unless TLS does not stand at all."""
    if fault is not None and fault.kind not in ("untrusted", "hostname", "expired"):
        return judged
    wrong = f"it would fail: {judged.summary}" if fault else f"it would pass: {judged.summary}"
    return replace(judged, verdict="warn", summary=f"NOT CHECKED (--insecure); {wrong}")


def _of_fault(fault: Fault, summary: str, facts: Sequence[str] = ()) -> Finding:
    outcome = Outcome(
        asked=Request("", ""),
        stage=fault.layer,
        fault=fault.kind,
        fault_layer=fault.layer,
        fault_text=quote(fault.text),
    )
    base = finding(outcome)
    return replace(base, summary=summary, facts=tuple(facts) or base.facts)
