"""The whole system on one machine, as ordinary processes."""
