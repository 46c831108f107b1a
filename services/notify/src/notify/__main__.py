"""`python -m notify` runs the service."""

from notify.main import main

main()
