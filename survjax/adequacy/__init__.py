"""Is the distribution adequate: distances, residuals, repeated studies, lines by ranks."""
