"""Shared frailty: what the units of a group have in common that nobody recorded, its likelihood, fit and predictions."""
