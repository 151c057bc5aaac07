"""The entry of the command. The signals are taken first: an interrupt while the rest is being loaded ends it, too."""


def main() -> None:
    """Set the process up, load the command line, run it, and end the process."""
    code: object = 0
    try:
        from rtdoctor import process

        process.start()
        from rtdoctor.cli.main import main as command

        command()
    except SystemExit as left:
        code = left.code
    except KeyboardInterrupt:
        import sys

        print("rtdoctor: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    process.leave(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
