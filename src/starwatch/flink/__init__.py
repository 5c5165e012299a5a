"""The same job on Apache Flink: SQL made from the settings, submitted, watched and stopped.

PyFlink is never imported here: it lives in a Python environment of its own.

    planning    from settings to a plan; what Flink cannot do is refused
    plan        what the text of a job depends on
    text        pieces of SQL: quoted names and values, durations
    fields      a message's fields, out of JSON and CSV; times
    source      the table of messages, window time and watermark
    admission   each message in one class
    windows     star histograms of windows and panes
    sinks       the topics that are written
    sql         the whole job
    quiet       when a topic is quiet, and which time has come there
    ticking     tells the job so, by ticks in its topics; `tail` and `topic_ends` read those
    job         what is submitted: a name, settings of Flink, SQL statements
    back        what comes back, read as ratings
    reading     the source of that, for a running service
    messages    messages between two offsets, and how far the group is
    tally       what Flink found, summed up
    ledger      that against the topics
    state_books the books of a state beside it
    environment where the Python is that has PyFlink
    client      runs `pyflink_submit` by that Python, and leaves nothing behind
    submit      a job on a cluster, once; its id
    rest        what a cluster tells of its jobs; stop, cancel
    causes      a Java stack trace in one line
"""
