"""What was sighted at a place of a text: a fact or two, and the words that hold it."""

from dataclasses import dataclass

from rtdoctor.model.outcome import ErrorEvent


@dataclass(frozen=True, slots=True)
class Sighting:
    """One recognised piece of text. `at` and `end` are places in the whole text, `text` its words, `line` its line.

    `fault` is (layer, kind); `rest` tells of an ordinary HTTP request; `answerer` of the kind of server that the text
    names; `event` is a server event that was received, `sent` a client event and `field` a session field in a client's
    code, `coded` what is wrong in its line as it stands; `of_a_file` where only a file shows that.
    """

    name: str
    at: int
    end: int
    text: str
    line: str
    status: int | None = None
    close_code: int | None = None
    close_reason: str = ""
    error: ErrorEvent | None = None
    fault: tuple[str, str] | None = None
    url: str = ""
    headers: str = ""
    body: str = ""
    event: str = ""
    sent: str = ""
    field: str = ""
    beta: bool = False
    rest: bool = False
    answerer: str = ""
    coded: bool = False
    of_a_file: bool = False
