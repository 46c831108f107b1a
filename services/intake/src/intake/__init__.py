"""Takes reports in and shows the public where they stand."""
