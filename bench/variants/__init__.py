"""The same work in several variants; each runs in a process of its own."""
