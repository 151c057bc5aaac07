"""A known secret is found in every writing: folded, encoded, encoded twice, reversed, in pieces; and costs little."""

import base64
import random
import string
import sys
import threading
from urllib.parse import quote as percent

import pytest

from rtdoctor.privacy.known import Known, keep, like_a_word
from rtdoctor.privacy.quote import quote
from rtdoctor.privacy.secret import Secret, mask
from rtdoctor.privacy.unescape import fold, layers

ALNUM = string.ascii_letters + string.digits


def _percent_five_times(text):
    for _ in range(5):
        text = "".join(f"%{ord(char):02X}" for char in text) if "%" not in text else percent(text, safe="")
    return text


def _each(form, between=""):
    return lambda text: between.join(form.format(ord(char)) for char in text)


def _base64(text):
    return base64.b64encode(text.encode("latin-1")).decode()


WRITINGS = {
    "plain": str,
    "capitals": str.upper,
    "spaced": " ".join,
    "lines": "\r\n  ".join,
    "dots": ".".join,
    "NUL": "\0".join,
    "UTF-16": lambda text: text.encode("utf-16-le").decode("latin-1"),
    "UTF-16, big end first": lambda text: text.encode("utf-16-be").decode("latin-1"),
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "full width": lambda text: "".join(chr(ord(char) + 0xFEE0) for char in text),
    "reversed": lambda text: text[::-1],
    "percent": _each("%{:02x}"),
    "percent, capitals": _each("%{:02X}"),
    "percent, five times": _percent_five_times,
    "percent-u": _each("%u{:04x}"),
    "JSON": _each("\\u{:04x}"),
    "JSON in JSON": _each("\\\\u{:04X}"),
    "JavaScript": _each("\\u{{{:x}}}"),
    "Python": _each("\\x{:02X}"),
    "C, octal": _each("\\{:03o}"),
    "HTML": _each("&#{};"),
    "HTML, hexadecimal": _each("&#x{:x};"),
    "HTML in HTML": _each("&amp;#{};"),
    "quoted-printable": _each("={:02X}"),
    "hexadecimal": _each("{:02x}"),
    "hexadecimal, capitals": _each("{:02X}"),
    "hexadecimal, colons": _each("{:02x}", ":"),
    "hexadecimal, 0x": _each("0x{:02x}", ", "),
    "U+": _each("U+{:04X}", " "),
    "decimal": _each("{}", " "),
    "decimal, a list": _each("{}", ", "),
    "decimal, three digits": _each("{:03}", " "),
    "octal": _each("{:o}", " "),
    "octal, 0o": _each("0o{:o}", ", "),
    "octal, 0o and three digits": _each("0o{:03o}", " "),
    "binary": _each("{:08b}", " "),
    "binary, seven digits": _each("{:07b}", " "),
    "binary, 0b": _each("0b{:b}", ", "),
    "binary, 0b and eight digits": _each("0b{:08b}", "', '"),
    "numbers in calls": _each("chr({})", "+"),
    "CSS": _each("\\{:x} "),
    "CSS, six digits": _each("\\{:06x}"),
    "hexadecimal of UTF-32": _each("{:08x}"),
    "base64": _base64,
    "base64, url-safe": lambda text: base64.urlsafe_b64encode(text.encode("latin-1")).decode(),
    "base64, unpadded": lambda text: _base64(text).rstrip("="),
    "base64 twice": lambda text: _base64(_base64(text)),
    "base64 of hexadecimal": lambda text: _base64(text.encode("latin-1").hex()),
    "base64 of the reverse": lambda text: _base64(text[::-1]),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 reversed": lambda text: _base64(text)[::-1],
    "hexadecimal of base64": lambda text: _base64(text).encode().hex(),
    "hexadecimal twice": lambda text: text.encode("latin-1").hex().encode().hex(),
    "base32": lambda text: base64.b32encode(text.encode("latin-1")).decode(),
    "base32 in base64": lambda text: _base64(base64.b32encode(text.encode("latin-1")).decode()),
    "base85": lambda text: base64.b85encode(text.encode("latin-1")).decode(),
    "Ascii85": lambda text: base64.a85encode(text.encode("latin-1")).decode(),
    "pieces of seven": lambda text: " | ".join(text[at : at + 7] for at in range(0, len(text), 7)),
}


def drawn(seed, least=30, most=60):
    rng = random.Random(seed)
    return "".join(rng.choices(ALNUM + "-_", k=rng.randint(least, most)))


@pytest.mark.parametrize("writing", WRITINGS)
def test_no_writing_hides_a_known_secret(writing):
    for seed in range(12):
        core = drawn(seed)
        keep([Secret(f"sk-proj-{core}", "key", "a test")])
        for before in ("", "a", "ab", "Bearer "):
            written = WRITINGS[writing](before + core)
            shown = quote(f"before [{written}] after")
            assert shown.startswith("before ["), shown
            assert shown.endswith("] after"), shown
            left = len(fold(shown).text) - len(fold("before after").text) - 10 * shown.count("[secret ")
            # What belongs to the word before it, and the edges that an encoding shares with it.
            assert left <= len(fold(WRITINGS[writing](before)).text) + 14, (shown, written)


@pytest.mark.parametrize("size", [8, 12, 20, 40])
def test_a_piece_of_six_is_found_and_of_a_short_secret_the_whole(size):
    for seed in range(20):
        core = drawn(seed, size, size).replace("-", "x").replace("_", "Y")
        if like_a_word(core):
            assert size <= 12  # chance makes words of a few letters only
            continue
        known = Known([Secret(core, "bearer", "x")])
        least = 6 if size >= 10 else size
        for start in range(size - least + 1):
            piece = core[start : start + least]
            hits = list(known.find(next(layers(f"a ({piece}) b"))))
            if len(set(piece.lower())) > 2:
                assert any(hit.start <= 3 and hit.end >= 3 + least for hit in hits), piece
        assert not list(known.find(next(layers("the server answered with a close code and a reason"))))


def test_several_secrets_keep_their_own_marks():
    one, two = "sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a", "ek_68af296e8e408191a1120ab6383263c2"
    keep([Secret(one, "key", "a"), Secret(two, "secret", "b")])
    assert quote(one + two) == mask(one) + mask(two)


@pytest.mark.parametrize("text", ["", "a", "\ud800", "\0" * 50, "%" * 50, "\\" * 50, "&#" * 20, "%25" * 40 + "41"])
def test_any_text_is_searched(text):
    keep([Secret("sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a", "key", "a test")])
    assert quote(text) == text


def test_folding_knows_the_way_back():
    text = "Ａb-c\u200bD é 1" * 3000
    folded = fold(text)
    assert folded.text == b"abcd1" * 3000
    for index in (0, 1, 4, 4_999, 14_999):
        assert fold(text[folded.place(index)]).text == folded.text[index : index + 1]


def _token(seed, size):
    return "".join(random.Random(seed).choices(ALNUM, k=size))


def test_many_secrets_take_no_more_memory_than_a_few_and_each_is_found_as_it_is():
    first = _token("first", 40)
    many = [_token(number, 25) for number in range(1_200)]
    known = Known([Secret(first, "key", "x"), *(Secret(text, "cookie", "x") for text in many)])
    assert sum(len(search.windows) for search in _searches(known)) < 60_000

    def found(text):
        return list({hit.secret.reveal() for view in layers(text) for hit in known.find(view)})

    for text in (many[0], many[-1]):
        assert found(f"it was {text[:20].upper()} in our log") == [text]
    assert found(f"it was {first[8:16]} in our log") == [first], "the first are found in every form"
    assert found(f"it was {base64.b64encode(first.encode()).decode()} in our log") == [first]
    assert found("a plain sentence of ours") == []


def _searches(known):
    needles = known._needles.values()
    return [*(n.letters for n in needles), *(n.numbers for n in needles), known._as_they_are()[0]]


def test_a_secret_in_two_writings_is_looked_for_once():
    core = _token("core", 60)
    known = Known([Secret(f"Bearer {core}", "bearer", "x"), Secret(core, "key", "x")])
    assert [needle.full for needle in known._needles.values()] == [True, False]
    assert list(known._as_they_are()[1]) == []


def test_one_thread_may_learn_secrets_while_others_look_for_them():
    known = Known([Secret("sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a", "key", "a test")])
    letters = random.Random(7)
    told: list[BaseException] = []
    done = threading.Event()

    def look():
        try:
            while not done.is_set():
                list(known.find(next(iter(layers("a text with sk-proj-Zq8xW2vT9rL4nB7mK1jH6gF3dS5a in it")))))
        except BaseException as error:
            told.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for _ in range(60):
            secret = "".join(letters.choices(string.ascii_letters + string.digits, k=30))
            known.add([Secret(secret, "key", "a test")])
            assert any(True for _ in known.find(next(iter(layers(secret)))))
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert not told
