"""What the HTML pages of a service use: CSRF tokens, login sessions, headers, and the operations pages."""

from chassis.http.csrf import CsrfTokens, Visit
from chassis.http.login import LEAVE, Login, SessionGuard, Visitor, login_of, login_router
from chassis.http.middleware import PAGE_HEADERS
from chassis.http.ops_pages import ops_pages_router
from chassis.http.problems import SHOW
from chassis.http.rates import client_of
from chassis.parking.dead_letters import DeadLetters

__all__ = [
    "LEAVE",
    "PAGE_HEADERS",
    "SHOW",
    "CsrfTokens",
    "DeadLetters",
    "Login",
    "SessionGuard",
    "Visit",
    "Visitor",
    "client_of",
    "login_of",
    "login_router",
    "ops_pages_router",
]
