"""Typed parameters: one module a section of ``params.yaml``, scale resolution, seeds and canonical recipes."""
