"""Who people are, how they sign in, which roles they hold, and what they may."""
