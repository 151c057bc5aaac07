"""Random text is told from words: measured on both, with the shares that are promised."""

import base64
import random
import string
import uuid

import pytest

from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.quote import quote, show_opaque
from rtdoctor.privacy.words import opaque_spans

ALNUM = string.ascii_letters + string.digits
# How often a random text of that kind may pass for words, of 1000. Letters alone look like words now and then.
DRAWS = {
    "40 letters and digits": (lambda r: "".join(r.choices(ALNUM, k=40)), 0),
    "20 letters and digits": (lambda r: "".join(r.choices(ALNUM, k=20)), 1),
    "12 letters and digits": (lambda r: "".join(r.choices(ALNUM, k=12)), 6),
    "128 bits in hexadecimal": (lambda r: f"{r.getrandbits(128):032x}", 0),
    "a UUID": (lambda r: str(uuid.UUID(int=r.getrandbits(128))), 0),
    "40 of base64's alphabet": (lambda r: "".join(r.choices(ALNUM + "+/", k=40)), 2),
    "base64": (lambda r: base64.b64encode(r.randbytes(24)).decode(), 2),
    "base64, url-safe": (lambda r: base64.urlsafe_b64encode(r.randbytes(32)).decode(), 1),
    "20 small letters": (lambda r: "".join(r.choices(string.ascii_lowercase, k=20)), 4),
    "24 letters": (lambda r: "".join(r.choices(string.ascii_letters, k=24)), 4),
    "16 digits": (lambda r: "2" + "".join(r.choices(string.digits, k=15)), 0),
}


@pytest.mark.parametrize("kind", DRAWS)
def test_random_text_is_opaque(kind):
    draw, most = DRAWS[kind]
    rng = random.Random(20261124)
    passed = []
    for _ in range(1000):
        text = f"before {draw(rng)} after"
        for start, end in reversed(list(opaque_spans(text))):
            text = text[:start] + "\n" + text[end:]
        if max(map(len, text.removeprefix("before ").removesuffix(" after").split("\n"))) >= 8:
            passed.append(text)
    assert len(passed) <= most, passed


def test_every_form_of_a_vendors_key_is_data_with_a_source_and_is_masked():
    forms = vocabulary.key_forms()
    assert len(forms) > 100
    for form in forms:
        assert form.evidence, form.vendor
        assert form.confidence in ("observed", "documented", "inferred")
        assert bool(form.prefix) != bool(form.near), form.vendor
        shown = quote(f"I used {form.example} today")
        assert shown.startswith("I used "), (form.vendor, shown)
        assert form.example not in shown
        longest = max(map(len, shown.replace("[", " ").replace("]", " ").split()), default=0)
        assert longest <= len("-----BEGIN") + 30, (form.vendor, shown)


def test_a_vendors_key_is_masked_even_where_opaque_text_is_asked_for():
    show_opaque(True)
    for form in vocabulary.key_forms():
        near = f"{form.near[0]} " if form.near else ""
        assert form.example not in quote(f"I used {near}{form.example} today"), (form.vendor, form.what)
