"""What routing computes: pure, dated, with its reasons."""
