"""The local stack: the engines and the services as processes of one machine, the demo and the independent account."""
