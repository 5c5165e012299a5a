"""What goes wrong with a server, as one line for the developer."""


class ServerError(Exception):
    """A server that cannot be installed, started or stopped; its text says what to do."""


class Missing(ServerError):
    """A program that is not on this machine, and that cannot be installed from here."""
