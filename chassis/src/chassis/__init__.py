"""What every service does alike; it knows no business word."""
