"""The command `course`: reads notebooks, checks parameters, runs, reports; it never imports TensorFlow."""
