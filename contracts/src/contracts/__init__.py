"""The published language of Ascolto: what services say to each other and to any other team."""
