"""Who opens TLS on the way is known by the issuer, and no public CA is taken for one."""

import pytest

from rtdoctor.diagnose.inspectors import inspector_of
from rtdoctor.diagnose.lower_rungs import judge_certificate
from rtdoctor.model.exchange import Certificate, Fault
from rtdoctor.model.target import parse_target

UNTRUSTED = Fault("tls", "untrusted", "unable to get local issuer certificate")


@pytest.mark.parametrize(
    ("issuer", "name"),
    [
        ("Zscaler Root CA, Zscaler Inc.", "Zscaler"),
        ("Zscaler Intermediate Root CA (zscalerthree.net) (t), Zscaler Inc.", "Zscaler"),
        ("Avast Web/Mail Shield Root, Avast Web/Mail Shield", "Avast antivirus"),
        ("DO_NOT_TRUST_FiddlerRoot, DO_NOT_TRUST", "Fiddler"),
        ("mitmproxy", "mitmproxy"),
        ("Charles Proxy CA (1 Jan 2026, laptop), XK72 Ltd", "Charles"),
        ("ca.tenant.goskope.com, Netskope Inc", "a TLS-inspecting gateway of that vendor"),
        ("FG100F, Fortinet", "a TLS-inspecting gateway of that vendor"),
        ("Cisco Umbrella Root CA, Cisco", "a TLS-inspecting gateway of that vendor"),
        ("Cloudflare for Teams ECC Certificate Authority, Cloudflare, Inc.", "a TLS-inspecting gateway of that vendor"),
    ],
)
def test_a_known_inspector_is_recognised_and_told_with_its_evidence(issuer, name):
    known = inspector_of(issuer)
    assert known.name == name
    assert known.evidence.source
    certificate = Certificate("api.openai.com", issuer, ("api.openai.com",), 0, 4e9)
    judged = judge_certificate(certificate, None, UNTRUSTED, 1e9, parse_target("https://api.openai.com/v1"), 2)
    assert f"That issuer is {name}: TLS is opened on the way and signed anew." in judged.facts
    assert known.evidence in judged.evidence


@pytest.mark.parametrize(
    "issuer",
    [
        "DigiCert Global G2 TLS RSA SHA256 2020 CA1, DigiCert Inc",
        "DigiCert TLS RSA SHA256 2020 CA1, DigiCert, Inc.",
        "WE1, Google Trust Services",
        "GTS Root R4, Google Trust Services LLC",
        "R11, Let's Encrypt",
        "ISRG Root X1, Internet Security Research Group",
        "Amazon RSA 2048 M02, Amazon",
        "Microsoft Azure RSA TLS Issuing CA 03, Microsoft Corporation",
        "Cloudflare Inc ECC CA-3, Cloudflare, Inc.",
        "Sectigo RSA Domain Validation Secure Server CA, Sectigo Limited",
        "GlobalSign GCC R6 AlphaSSL CA 2025, GlobalSign nv-sa",
        "Symantec Class 3 Secure Server CA - G4, Symantec Corporation",
        "A private CA of the tests",
        "(no name)",
        "",
    ],
)
def test_a_public_or_private_ca_is_no_inspector(issuer):
    assert inspector_of(issuer) is None
