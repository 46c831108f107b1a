"""The rules of reports: pure functions and frozen dataclasses, without clock, randomness or IO."""
