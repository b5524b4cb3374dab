"""Measuring and drawing, as functions. May import everything; nothing else imports it."""
