"""Exporting a trained model from its config and checkpoint, with proof that the file is right."""
