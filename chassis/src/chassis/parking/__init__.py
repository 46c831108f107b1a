"""Dead letters: what could not be handled is listed, replayed or discarded."""
