"""The words everybody shares. Standard library only, no I/O, no clock, no randomness."""
