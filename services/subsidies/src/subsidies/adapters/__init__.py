"""What subsidies reads from outside: the files of rules and measures."""
