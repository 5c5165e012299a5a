"""How servers are reached: addresses, TLS and passwords, shared by sources and sinks."""
