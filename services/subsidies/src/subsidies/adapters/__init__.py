"""The outside of subsidies: the files of rules and measures."""
