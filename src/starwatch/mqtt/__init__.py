"""MQTT as sources and sinks need it: addresses, packets, and a connection for receiving."""
