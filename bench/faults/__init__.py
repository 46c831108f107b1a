"""Faults on real engines: what is injected, the load meanwhile, and the account that says whether anything was lost or doubled."""
