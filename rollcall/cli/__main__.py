"""`python -m rollcall.cli`: the same as the `rollcall` command."""

from rollcall.cli.app import main

main()
