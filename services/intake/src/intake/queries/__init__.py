"""The read side: queries over the stored documents."""
