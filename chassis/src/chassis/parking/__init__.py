"""Dead letters: records that could not be handled are listed, replayed or discarded."""
