"""The external files and libraries that intake uses."""
