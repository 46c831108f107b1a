"""The same work written four ways; each runs in a process of its own."""
