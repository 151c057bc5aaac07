"""A JSON file that a command is given to read: a report of an earlier run."""

import json
from pathlib import Path
from typing import Any

from rtdoctor.files import read_bounded
from rtdoctor.privacy.errors import Usage


def read_json(path: Path, most: int) -> Any:
    """What a file of at most so many bytes holds.

    Raises:
        Usage: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(read_bounded(path, most))
    except OSError as error:
        raise Usage("{}: {}", path, error) from error
    except (ValueError, RecursionError) as error:
        raise Usage("{}: is no JSON", path) from error
