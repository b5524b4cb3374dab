"""Generators of images with ground truth. They need nothing but numpy and OpenCV."""
