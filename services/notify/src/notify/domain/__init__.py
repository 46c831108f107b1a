"""What notify computes: how a message stands, and how things are said in Italian."""
