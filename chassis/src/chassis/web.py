"""What the web kit stands on: guards and principals, sessions' collections, verified tokens, parked records and runs."""

from chassis.http.context import RoleGuard
from chassis.http.issuer import Issuer
from chassis.http.problems import SHOW
from chassis.http.rates import Rates, client_of
from chassis.http.tokens import Principal, roles_in, verified
from chassis.observe.logs import log
from chassis.observe.vitals import Vitals
from chassis.parking.dead_letters import DeadLetters, readable
from chassis.store.collections import LOGINS, REFUSED_FORMS, SESSIONS
from chassis.store.port import Store, Transaction
from chassis.tasks.run import OPEN, Run

__all__ = [
    "LOGINS",
    "OPEN",
    "REFUSED_FORMS",
    "SESSIONS",
    "SHOW",
    "DeadLetters",
    "Issuer",
    "Principal",
    "Rates",
    "RoleGuard",
    "Run",
    "Store",
    "Transaction",
    "Vitals",
    "client_of",
    "log",
    "readable",
    "roles_in",
    "verified",
]
