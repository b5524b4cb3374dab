"""What all scenes are drawn with: camera, light, canvas, noise, ground, sky."""
