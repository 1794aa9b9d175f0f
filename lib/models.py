"""The networks that several lessons build: plain values in, a compiled Keras model out."""

import keras


def make_model(units, learning_rate):
    """Build the classifier of grey pictures of lesson 01, with one hidden layer.

    Args:
        units: int, width of the hidden layer.
        learning_rate: float, Adam's.

    Returns:
        A compiled keras.Sequential of 795 * units + 10 weights, from float32 pictures, shape (n, 28, 28), to float32
        logits, shape (n, 10). Loss: sparse categorical cross-entropy from logits, labels int, shape (n,). Metric: accuracy.
    """
    layers = [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate), loss=loss, metrics=["accuracy"])
    return model


def make_small(n_features, n_classes, units=32, activation="relu", learning_rate=3e-3):
    """Build a classifier of the rows of a table, with one hidden layer; for KerasClassifier.

    Args:
        n_features: int, columns of the table.
        n_classes: int, classes.
        units: int, width of the hidden layer.
        activation: str, of the hidden layer.
        learning_rate: float, Adam's.

    Returns:
        A compiled keras.Sequential of (n_features + 1) * units + (units + 1) * n_classes weights, from float32 rows, shape
        (n, n_features), to float32 probabilities, shape (n, n_classes). Loss: sparse categorical cross-entropy, labels int,
        shape (n,). Eight steps to a call of TensorFlow.
    """
    hidden = keras.layers.Dense(units, activation=activation)
    out = keras.layers.Dense(n_classes, activation="softmax")
    model = keras.Sequential([keras.Input((n_features,)), hidden, out])
    optimizer = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer, "sparse_categorical_crossentropy", steps_per_execution=8)
    return model


def make_regressor(n_features, units=32):
    """Build a network that answers the rows of a table with one number each, with one hidden layer; for KerasRegressor.

    Args:
        n_features: int, columns of the table.
        units: int, width of the hidden layer.

    Returns:
        A compiled keras.Sequential of (n_features + 2) * units + 1 weights, from float32 rows, shape (n, n_features), to
        float32 numbers, shape (n, 1). Loss: mean squared error. Eight steps to a call of TensorFlow.
    """
    hidden = keras.layers.Dense(units, activation="relu")
    model = keras.Sequential([keras.Input((n_features,)), hidden, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse", steps_per_execution=8)
    return model


def for_keras_wrapper(X, y):
    """Build a classifier without a hidden layer, as `keras.wrappers.SKLearnClassifier` calls for it.

    Args:
        X: rows, shape (n, n_features); only its shape is read.
        y: one-hot labels, shape (n, n_classes); only its shape is read.

    Returns:
        A compiled keras.Sequential of (n_features + 1) * n_classes weights, from float32 rows to float32 probabilities,
        shape (n, n_classes). Loss: categorical cross-entropy.
    """
    out = keras.layers.Dense(y.shape[1], activation="softmax")
    model = keras.Sequential([keras.Input((X.shape[1],)), out])
    model.compile("adam", "categorical_crossentropy")
    return model
