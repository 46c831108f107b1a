"""Messages, letters and names in greetings: pure functions and frozen dataclasses."""
