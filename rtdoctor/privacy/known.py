"""The secrets that this process knows, and the one search that finds them in a text, however they are written.

What prints, what guards and what is quoted look at the same ones. The search is linear in the text: all forms of a
secret are found by one expression of RE2's over the folded text.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from threading import RLock

from rtdoctor.linear import BytePattern, Match, Pattern, flat, pattern
from rtdoctor.privacy import vocabulary
from rtdoctor.privacy.forms import Form, forms, number_forms
from rtdoctor.privacy.secret import Secret
from rtdoctor.privacy.unescape import View, digits, fold, layers
from rtdoctor.privacy.words import is_word

_FRAGMENT = 6  # small letters and digits of a secret in a row that are masked
_CLIENT_KEY = 16  # of a private key, whose base64 holds everything that is six characters long
_LONG_SECRET, _SHARE = 500, 256  # of a secret of more characters, pieces of one 256th of it: all are too many to hold
_ENCODED = 4_096  # characters of a secret that are looked for in every form
_IN_FULL, _LONG_COUNTS = 1_600, 700  # characters of all secrets for which that is done, and what a long one counts for
_AS_IT_IS = 16  # characters of any other that are looked for, as they are
_IN_MEDIA = 12  # characters in a row that chance does not write into some megabytes of base64, in one case
_WHOLE = 10  # a secret with fewer is looked for as a whole
_PASSPHRASE = 16  # so many letters of words in a row are no chance
_LAST = 4  # so many characters of a key's end are what servers echo
_LEAST = 4  # a shorter "secret" would mask half of every sentence
_WINDOW = 8  # characters of a form that are looked for at once
_WORDY = 0.6  # the share of a secret that are words, from which on it reads like some
_MOST_WORDS = 24  # letters and digits of a secret in a row, from which on they are no chance
_LONG = 16_384  # characters of a folded text
_SIZES = tuple(range(_WINDOW, _FRAGMENT - 1, -1))
_LETTERS = pattern(r"[A-Za-z]{4,}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A piece of a secret from `start` to `end` of a view's text; `size` is how many folded characters it has."""

    start: int
    end: int
    size: int
    secret: Secret


def like_a_word(core: str) -> bool:
    """True for a secret that reads like words: `none`, `EMPTY`, `correct horse 7`. Of such a one no piece is looked
    for, for every sentence holds some, ours too; whoever chose it could take them out of a report."""
    return _in_words(core) >= _WORDY * len(core)


def reads_like_words(text: str, most: int | None = _MOST_WORDS) -> bool:
    """True for a piece of a text, of so many letters and digits at most, that reads like words, with what is between
    them: of a sentence or a document of ours. A secret may be made so that our own words hold pieces of it; short
    letters count for none, since a secret may come in such."""
    size = sum(map(str.isalnum, text))
    return (most is None or size <= most) and _in_words(text) >= _WORDY * size


def _in_words(text: str) -> int:
    """How many letters of a text stand in words of four and more."""
    return sum(len(word.text()) for word in _LETTERS.finditer(text) if is_word(word.text()))


def _mixed(core: str) -> bool:
    return any(char.isdigit() for char in core) and any(char.isalpha() for char in core)


class _Search:
    """Finds pieces of some forms in a folded text."""

    def __init__(self, forms: Iterable[Form]) -> None:
        # Pieces of the forms, so many that every piece that counts holds one of them.
        self.windows: dict[bytes, list[tuple[Form, int]]] = {}
        for form in forms:
            size = min(form.least, _WINDOW)
            stride = form.least - size + 1
            for at in range(0, len(form.text) - size + 1, stride):
                window = form.text[at : at + size]
                if form.least > _WINDOW or len(set(window)) > 2:  # 000000 stands everywhere
                    self.windows.setdefault(window, []).append((form, at))
        self._any = _any_of(self.windows)

    def find(self, text: bytes) -> Iterator[tuple[int, int, Form]]:
        """Every piece, from left to right, and the form that it is of."""
        place = 0
        while (start := self._any.find(text, place)) >= 0:
            place = start + 1
            # The longest of the windows that begin here: a shorter one is a piece of a form that wants less.
            window = next(text[start : start + size] for size in _SIZES if text[start : start + size] in self.windows)
            end = start + len(window)
            for form, at in self.windows[window]:
                low, high = _extended(text, start, end, form.text, at)
                if high - low >= form.least:
                    yield low, high, form
                    place = max(place, high - _WINDOW)
                    break


def _any_of(windows: Iterable[bytes]) -> BytePattern:
    """What finds any of these pieces."""
    return BytePattern(b"|".join(sorted(windows)) or rb"\z.")


class _Needle:
    """One secret, ready to be found: in every form where it is looked for in `full`."""

    def __init__(self, secret: Secret, *, full: bool) -> None:
        self.secret = secret
        self.full = full
        self.last = secret.core[-_LAST:]
        size = len(fold(secret.core).text)
        self.least = _CLIENT_KEY if secret.kind == "client-key" else _FRAGMENT if size >= _WHOLE else size
        if size > _LONG_SECRET:
            self.least = max(_CLIENT_KEY, size // _SHARE)
        wordy = like_a_word(secret.core) or vocabulary.is_placeholder(secret.reveal())
        self.word = size <= _LONG_SECRET and wordy and secret.kind != "client-key"
        if self.word:
            self.least = size if size >= _PASSPHRASE else size if size >= _FRAGMENT and _mixed(secret.core) else 0
        # With its prefix even a word is told from a word: sk-wrong. A password is given as one, whatever it reads like.
        password = secret.kind == "proxy-password" and len(secret.core) >= _FRAGMENT
        exact = secret.form or password or (not self.word and (size < _FRAGMENT or not secret.core.isascii()))
        self.exact = secret.reveal() if exact else ""

    @cached_property
    def letters(self) -> _Search:
        """What finds it in small letters and digits."""
        if self.least < _FRAGMENT or not self.full:
            return _Search(())
        # Of a very long one what comes late is looked for as it is, not in fifty other forms.
        core = self.secret.core
        all_forms = dict.fromkeys(forms(core[:_ENCODED], self.least))
        if len(core) > _ENCODED:
            all_forms[Form(fold(core).text, self.least)] = None
        return _Search(_usable(all_forms))

    @cached_property
    def numbers(self) -> _Search:
        """What finds it in the digits of a text."""
        wanted = self.full and self.least >= _FRAGMENT
        return _Search(_usable(number_forms(self.secret.core[:_ENCODED])) if wanted else ())


def _usable(forms: Iterable[Form]) -> Iterator[Form]:
    return (Form(form.text, min(form.least, len(form.text))) for form in forms if len(form.text) >= _FRAGMENT)


def _extended(text: bytes, start: int, end: int, form: bytes, at: int) -> tuple[int, int]:
    """How far the text around a window goes on as the form does."""
    stop = at + end - start
    while start and at and text[start - 1] == form[at - 1]:
        start, at = start - 1, at - 1
    while end < len(text) and stop < len(form) and text[end] == form[stop]:
        end, stop = end + 1, stop + 1
    return start, end


_generations = count()


class Known:
    """Secrets to be kept from every output. `generation` changes with them.

    One thread may learn a secret while another writes: what is derived from the secrets is made under a lock, so that
    none is made of the old ones and kept for the new.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._lock = RLock()
        self._needles: dict[str, _Needle] = {}
        self._cores: set[str] = set()  # those that are looked for in full
        self._room = _IN_FULL
        self._plain: tuple[_Search, Mapping[Form, _Needle]] | None = None
        self._media: tuple[_Search, Mapping[Form, _Needle]] | None = None
        self._ends: tuple[Pattern, tuple[bytes, ...]] | None = None
        self._together: Mapping[str, BytePattern] | None = None
        self.generation = next(_generations)
        self.add(secrets)

    def __bool__(self) -> bool:
        return bool(self._needles)

    def secrets(self) -> list[Secret]:
        """All of them, in the order in which they came."""
        return [needle.secret for needle in self._all_needles()]

    def _all_needles(self) -> list[_Needle]:
        with self._lock:
            return list(self._needles.values())

    def add(self, secrets: Iterable[Secret | None]) -> None:
        """Learn secrets; one that is too short to be told from anything is left out. The first are looked for in every
        form, those that would take too much memory then as they are; so the ones that matter come first."""
        with self._lock:
            for secret in secrets:
                if secret and len(core := secret.core) >= _LEAST and secret.reveal() not in self._needles:
                    size = len(core) if len(core) <= _LONG_SECRET else _LONG_COUNTS
                    needle = _Needle(secret, full=core not in self._cores and size <= self._room)
                    if needle.full and needle.least >= _FRAGMENT:
                        self._room -= size
                        self._cores.add(core)
                    self._needles[secret.reveal()] = needle
                    self._ends = self._together = self._plain = self._media = None
                    self.generation = next(_generations)

    def find(self, view: View, *, words: bool = True) -> Iterator[Hit]:
        """Every piece of every secret in the text of a view, in whatever form; without `words` not of those that read
        like some."""
        needles = self._all_needles()
        if not needles:
            return
        for needle in needles:
            if needle.exact and (words or not needle.word):
                start = view.text.find(needle.exact)
                while start >= 0:
                    yield Hit(start, start + len(needle.exact), len(needle.exact), needle.secret)
                    start = view.text.find(needle.exact, start + len(needle.exact))
        together = self._all()
        for kind, folded in (("letters", fold(view.text)), ("numbers", digits(view.text))):
            # Of a long text it is asked first, and of all secrets at once, whether there is anything to be found.
            if len(folded.text) > _LONG and together[kind].find(folded.text) < 0:
                continue
            for needle in needles:
                if words or not needle.word:
                    for low, high, _ in getattr(needle, kind).find(folded.text) if needle.full else ():
                        yield Hit(folded.place(low), folded.place(high - 1) + 1, high - low, needle.secret)
            if kind == "letters":
                search, owners = self._as_they_are()
                for low, high, form in search.find(folded.text):
                    if words or not owners[form].word:
                        yield Hit(folded.place(low), folded.place(high - 1) + 1, high - low, owners[form].secret)

    def find_in_media(self, text: str) -> Iterator[Hit]:
        """Every piece of every secret in base64 of media, in whatever form, also of what the base64 holds: of random
        letters every six in a row are somebody's, so that longer pieces are looked for than in a text."""
        if not self._needles:
            return
        search, owned = self._all_media()
        folded = fold(text)
        for low, high, form in search.find(folded.text):
            yield Hit(folded.place(low), folded.place(high - 1) + 1, high - low, owned[form].secret)

    def _all_media(self) -> tuple[_Search, Mapping[Form, _Needle]]:
        """What finds a piece of any secret in media, and whose each form is."""
        with self._lock:
            if self._media is None:
                owners: dict[Form, _Needle] = {}
                for needle in self._needles.values():
                    if needle.full and needle.least >= _FRAGMENT:
                        core = needle.secret.core
                        for form in _usable(forms(core[:_ENCODED], max(needle.least, _IN_MEDIA))):
                            owners.setdefault(form, needle)
                owners.update(self._as_they_are()[1])
                self._media = _Search(owners), owners
            return self._media

    def _as_they_are(self) -> tuple[_Search, Mapping[Form, _Needle]]:
        """What finds those that are not looked for in full, all at once, and whose each form is."""
        with self._lock:
            if self._plain is None:
                owners: dict[Form, _Needle] = {}
                for needle in self._needles.values():
                    if not needle.full and needle.least >= _FRAGMENT and needle.secret.core not in self._cores:
                        text = fold(needle.secret.core).text
                        for form in _usable([Form(text, max(needle.least, _AS_IT_IS))]):
                            owners.setdefault(form, needle)
                self._plain = _Search(owners), owners
            return self._plain

    def _all(self) -> Mapping[str, BytePattern]:
        """What finds a piece of any secret, in letters and in numbers."""
        with self._lock:
            if self._together is None:
                needles = self._needles.values()
                plain, _ = self._as_they_are()
                self._together = {
                    "letters": _any_of(
                        {*plain.windows, *(one for needle in needles for one in needle.letters.windows)}
                    ),
                    "numbers": _any_of({window for needle in needles for window in needle.numbers.windows}),
                }
            return self._together

    def by_end(self, last: str) -> Secret | None:
        """The secret that ends in these four characters."""
        return next((needle.secret for needle in self._all_needles() if needle.last == last and needle.least), None)

    def ends(self, text: str, flattened: bytes) -> Iterator[Match]:
        """The last characters of the secrets, where something before them says that they are the end of a key."""
        with self._lock:
            if self._ends is None:
                lasts = {needle.last for needle in self._needles.values() if needle.least and needle.last.isalnum()}
                # SUB: a bullet, an ellipsis. One star, dash or dot alone parts a name or a date.
                said = r"(?:[*xX.]{2,}|\x1a[*\x1a]*|\b[es]k[_\-](?:[\w\-]{0,20}[xX.\-])?|ending in |ending with )"
                shape = Pattern(rf"(?P<said>{said})(?P<last>{'|'.join(sorted(lasts))})\b" if lasts else r"\z.")
                self._ends = shape, tuple(map(flat, lasts))
            shape, ends = self._ends
        return shape.finditer(text, flattened=flattened) if any(end in flattened for end in ends) else iter(())


_known = Known()


def known() -> Known:
    """The secrets that this process knows."""
    return _known


def keep(secrets: Iterable[Secret | None]) -> None:
    """Let nobody print these from now on."""
    _known.add(secrets)


def holds_secret(text: str) -> bool:
    """True where a piece of a known secret stands in the text, in whatever form."""
    return any(True for view in layers(text) for _ in _known.find(view))


@contextmanager
def passing() -> Iterator[None]:
    """What is kept inside is known until its end, and no longer: for one run of many, of which nothing is left then but
    what was quoted."""
    global _known
    before = _known
    _known = Known(before.secrets())
    try:
        yield
    finally:
        _known = before


def forget() -> None:
    """Know none, as at the start of a process; for tests, which are many runs in one."""
    global _known
    _known = Known()
