"""The contracts of Ascolto: the events that its services publish, for the services and for other teams."""
