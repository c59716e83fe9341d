"""Dead letters: list them, look at one, put them back."""
