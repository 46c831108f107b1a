"""The unit of work: a batch of inputs is handled in one transaction."""
