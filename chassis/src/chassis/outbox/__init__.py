"""Sends committed events to Kafka, in sequence per subject."""
