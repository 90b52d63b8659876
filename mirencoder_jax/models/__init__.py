"""The two encoders, what pools them, and their parts."""
