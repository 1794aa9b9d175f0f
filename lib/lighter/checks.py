"""What several ways of making a model lighter ask of a model."""


def check_built(model):
    """Raise a ValueError unless a model has its weights."""
    if not model.built:
        raise ValueError("model is not built: give it an Input layer, or call it once")


def all_layers(model):
    """List the layers of a model and those inside them; `model.layers` ends at the cell of an LSTM, or at attention."""
    return model._flatten_layers(include_self=False)
