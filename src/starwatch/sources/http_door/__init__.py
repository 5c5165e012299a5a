"""The HTTP door: ratings posted by anybody who can speak HTTP, answered behind the commit."""
