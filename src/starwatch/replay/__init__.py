"""Files as a stream: the virtual arrival of every row, and what comes when (architecture §4).

Nothing here sleeps or looks at a clock: a timeline is a function of files and options alone.
"""
