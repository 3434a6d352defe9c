"""Encoders turn texts into unit vectors."""
