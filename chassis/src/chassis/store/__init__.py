"""The database: its port, its collections, the adapters for MongoDB and memory, and its leases."""
