"""How well classes are told apart: folds, intervals, and simple features beside them."""
