"""The database: its port, its collections, the adapters for MongoDB and for memory, and the leases that it keeps."""
