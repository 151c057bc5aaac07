"""The entry of the command. An interrupt while the rest is being loaded ends it without a traceback, too."""

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from rtdoctor.cli.main import main as command

        command()
    except KeyboardInterrupt:
        print("rtdoctor: interrupted", file=sys.stderr)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
