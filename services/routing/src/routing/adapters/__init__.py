"""What routing reads from outside."""
