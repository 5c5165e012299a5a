"""The real servers that Starwatch talks to, for developers and tests, on loopback only.

`python3 -m servers start` installs what is missing, starts Mosquitto, Kafka, PostgreSQL and Redis
in a folder of their own, and waits until each answers in its protocol; `stop` and `status` do what
they say. Needs Python alone, no package of it.

    programs    where a program is, which Debian package brings it, installing it
    ports       free ports, and whether something listens
    processes   a process as it can be found again by another one: its id and when it began
    server      start, wait for an answer, stop, kill, freeze: the same for every kind
    answers     one exchange in each protocol
    maven       jars as they are pinned
    mosquitto, kafka, flink, nifi, postgresql, redis, prometheus
                the kinds: settings, files to write, the command, the address
"""
