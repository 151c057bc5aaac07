"""What a recording holds to be played, for the commands that take one."""

from rtdoctor.privacy.errors import Usage
from rtdoctor.recording.source import UnreadableSource, open_source
from rtdoctor.replay.cassette import NotPlayable, Take, read_cassette


def read_takes(file: str) -> list[Take]:
    """What a file holds to be played.

    Raises:
        Usage: it cannot be read, or holds nothing.
    """
    try:
        with open_source(file) as source:
            return read_cassette(source)
    except (UnreadableSource, NotPlayable) as error:
        raise Usage("{}", error) from error
