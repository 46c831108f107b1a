"""The parts of the import: the list's reader, its mapping, the ids of its reports, the sender and the result file."""
