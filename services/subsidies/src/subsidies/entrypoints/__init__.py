"""The HTTP API, the gauges and the start of subsidies."""
