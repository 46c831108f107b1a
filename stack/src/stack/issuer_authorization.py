"""Authorization requests at the development issuer."""

from urllib.parse import urlsplit

from pydantic import BaseModel

LOCAL_HOSTS = ("127.0.0.1", "localhost", "::1")


class AuthorizationRequest(BaseModel):
    """An authorization request (authorization code flow with PKCE)."""

    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    code_challenge_method: str = "plain"
    response_type: str = "code"
    nonce: str = ""
    prompt: str = ""


class AuthorizationChoice(AuthorizationRequest):
    """An authorization request with the user and the role that were chosen on the page."""

    person: str
    role: str = ""


def is_local(address: str) -> bool:
    """Tells whether this is an http address of this machine."""
    uri = urlsplit(address)
    return uri.scheme == "http" and uri.hostname in LOCAL_HOSTS
