"""Seeing which tokens are merged: maps of them, pictures, and a page to look through."""
