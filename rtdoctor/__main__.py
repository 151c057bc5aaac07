"""`python -m rtdoctor`."""

from rtdoctor.cli.main import main

main()
