"""Flink: a standalone cluster of one JobManager and one TaskManager, two servers of their own."""

from servers.flink.jobmanager import JobManager
from servers.flink.taskmanager import TaskManager

PROGRAMS = ("java", "mvn")

__all__ = ["PROGRAMS", "JobManager", "TaskManager"]
