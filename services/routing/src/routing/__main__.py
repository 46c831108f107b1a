"""`python -m routing` runs the service."""

from routing.main import main

main()
