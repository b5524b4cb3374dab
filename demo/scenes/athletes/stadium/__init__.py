"""What surrounds the athlete: ground, equipment, stands and spectators."""
