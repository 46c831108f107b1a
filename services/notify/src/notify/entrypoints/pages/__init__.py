"""The HTML pages of notify, for staff."""
