"""The runtime that every service is built on; it contains no business terms."""
