"""Grains made by hand: what `Steps` drives, without any other part of the package."""
