"""From lifetimes to a fitted distribution: the likelihood, whether it has a maximum, the search, and what the data allow."""
