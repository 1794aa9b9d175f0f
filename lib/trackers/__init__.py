"""Finished searches and runs in the tools that people compare them with: TensorBoard, Weights & Biases."""
