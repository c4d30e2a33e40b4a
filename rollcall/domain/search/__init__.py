"""Quick add: people, facilities, groups and dynamic filters by some letters of their names.

folding.py      what counts as the same letter, and what a word is
phones.py       telephone numbers as they are typed, and as they are kept
queries.py      a text somebody looks for, taken apart
sorted_keys.py  what is equal to a text or begins with it, by halving
texts.py        what holds a text somewhere, by looking through all
sections.py     all entries of one kind, and the four ranks of what is found
index.py        the sections together: what callers use
"""
