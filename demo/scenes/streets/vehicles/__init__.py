"""Cars, buses, trucks and trams."""
