"""Run subsidies."""

from subsidies.main import main

main()
