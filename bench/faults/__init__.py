"""Fault injection on real engines: the faults, the load, and the audit that reports lost, doubled and disordered effects."""
