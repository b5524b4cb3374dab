"""What people in a stadium do, as sequences of poses."""
