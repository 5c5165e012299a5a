"""A running job: its wiring, its pace, its end."""
