"""SegFormer of Hugging Face's transformers: its layers with merging, and their conversion.

Needs torch and transformers alone. Imported once a model of transformers is converted.
"""
