"""The command line. Verbs talk IPP to a running service as any client would; ``serve`` is the service."""
