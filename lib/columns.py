"""The columns of a trials frame that say how a trial ended; all others but `trial` are hyperparameters."""

OUTCOME = ("score", "direction", "seconds", "epochs", "status")
MEASURED = ("score", "seconds", "epochs")
