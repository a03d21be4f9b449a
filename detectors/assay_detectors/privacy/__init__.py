"""What a model gives away about the data that it was trained on."""
