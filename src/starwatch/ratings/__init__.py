"""Values: a scale, star histograms and their exact means, batches of ratings, rejects."""
