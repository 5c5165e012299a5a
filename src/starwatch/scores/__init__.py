"""Pure statistics on star histograms: scores with their intervals, ranks, bands for charts."""
