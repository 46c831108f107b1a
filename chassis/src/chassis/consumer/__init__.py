"""Consumes Kafka records as inputs, in order, each handled once."""
