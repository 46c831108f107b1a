"""Open311 GeoReport v2, for programs of other organisations: docs/open311.md."""
