"""What is served over HTTP: health, metrics, the door for ratings, and their description."""
