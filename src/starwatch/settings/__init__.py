"""Settings: flags, then environment, then a TOML file, then the defaults of the code."""
