"""The use cases of subsidies: what the API and the pages do with input and output, one per module."""
