"""The same work on record batches: Arrow in, Arrow out; adapters for Ray and Spark in the modules `ray` and `spark`.

What is public is named in `__init__.pyi`.
"""

from explainer._package import public_names

__getattr__, __dir__ = public_names(__name__, __file__)
