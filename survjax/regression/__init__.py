"""Distributions of which some numbers are linear functions of what is known of each unit."""
