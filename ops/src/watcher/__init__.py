"""The watcher: sees engines and consumers from outside, so that what is dead is seen too."""
