"""HTTP clients of other services: one configuration of httpx, and bearer tokens for service accounts."""

from chassis.http.client import http_client
from chassis.http.issuer import issuer_of
from chassis.http.service_token import ServiceToken, read_secret

__all__ = ["ServiceToken", "http_client", "issuer_of", "read_secret"]
