"""One thin file a command: arguments, progress, exit codes."""
