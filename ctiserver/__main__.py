"""`python -m ctiserver` is the `ctiserver` command."""

from ctiserver.cli import main

main()
