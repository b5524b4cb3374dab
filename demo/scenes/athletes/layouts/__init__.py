"""The files of a set of frames, in the Jump Broadcast Dataset's form and in COCO's."""
