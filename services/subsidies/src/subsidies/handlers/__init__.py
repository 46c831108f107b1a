"""Pure handlers of events and commands, and the documents they read and write."""
