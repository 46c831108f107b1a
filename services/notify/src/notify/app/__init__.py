"""Use cases of notify that do IO, and the ports they need."""
