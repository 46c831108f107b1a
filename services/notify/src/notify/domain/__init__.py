"""Messages, letters and Italian formats: pure functions and frozen dataclasses."""
