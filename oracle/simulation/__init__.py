"""Stations that are played: what they say, how they speak, and what they do wrong on demand."""
