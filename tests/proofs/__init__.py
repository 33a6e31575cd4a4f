"""Proofs that take too long for every run: storms, soaks, fuzzing.

Each is a function with its size as parameters. `script/prove NAME` calls it with the large one,
a test in this folder with a small one.
"""
