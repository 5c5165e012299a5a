"""What a person sees in a terminal: the live table, plain lines, the progress, the summary."""
