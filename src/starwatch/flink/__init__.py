"""The same job on Apache Flink: SQL made from the settings, submitted, watched and stopped.

PyFlink is never imported here: it lives in a Python environment of its own.

    job         what is submitted: a name, settings of Flink, SQL statements
    environment where the Python is that has PyFlink
    submit      runs `pyflink_submit` by that Python; the job's id
    rest        what a cluster tells of its jobs; stop, cancel
    causes      a Java stack trace in one line
"""
