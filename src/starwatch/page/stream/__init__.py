"""The event stream: what a tab shows, kept up to date by deltas."""
