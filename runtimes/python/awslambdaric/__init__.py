"""lambdad's Python runtime, under the name by which functions know the runtime in Lambda."""

__version__ = "4.2.2"  # the version of AWS's client whose behaviour this one has
