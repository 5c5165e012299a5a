"""Messages from one broker or server to another, acknowledged when they are there."""
