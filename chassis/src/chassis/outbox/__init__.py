"""Committed facts are sent to Kafka, each subject's in sequence."""
