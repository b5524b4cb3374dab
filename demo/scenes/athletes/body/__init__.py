"""A person, from joint angles to pixels."""
