"""The watcher: exports metrics of the engines and consumer groups, so that a process that is down is visible."""
