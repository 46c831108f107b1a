"""What a service is made of, and how it is run."""

from chassis.runtime.plan import Plan
from chassis.runtime.server import serve

__all__ = ["Plan", "serve"]
