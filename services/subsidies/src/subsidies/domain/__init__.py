"""What subsidies computes: pure, dated, in integer cents, with its reasons."""
