"""Kafka records become inputs, in order, each handled once."""
