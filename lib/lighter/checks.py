"""What several ways of making a model lighter ask of it."""


def check_built(model):
    """Raise a ValueError unless a model has its weights."""
    if not model.built:
        raise ValueError("model is not built: give it an Input layer, or call it once")
