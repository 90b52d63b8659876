"""From a program to a checked improvement: candidates are tried for real.

Nothing is advised that was not compiled here and compared with what the
compiler does by itself, so that advice is never worse than none.
"""
