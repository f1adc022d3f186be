"""A Spark cluster on this machine: one master, two workers and the thrift server that dbt talks to, all on loopback.

PySpark's wheel holds the whole engine but no start scripts for these, so each is started by its class. Every process
is ours, in a process group of its own, and is ended by its id. A real cluster needs none of this: dbt only needs the
host and port of a thrift server (docs/spark.md).
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from dabing.errors import DabingError

# PySpark's wheel, unpacked beside the environment (Makefile): it is here for its jars, and nothing must import it. The
# environment may name another Spark, to see whether the project runs on that.
ENGINE = Path(os.environ.get("DABING_SPARK_HOME", Path(sys.prefix) / "spark" / "pyspark"))
LOOPBACK = "127.0.0.1"
SECONDS_TO_START = 120
JAVA_NEEDED = 17
PR_SET_PDEATHSIG = 1
# Of master and workers, who have little to do: no time for code that is compiled well.
DAEMON_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Cluster:
    """Starts on entering the ``with`` block, stops on leaving it; ``work`` keeps tables and logs."""

    def __init__(
        self,
        work: Path,
        workers: int = 2,
        cores: int = 1,
        executor_memory: str = "2g",
        driver_memory: str = "2g",
        settings: dict[str, str] | None = None,
        metastore: bool = False,
    ) -> None:
        """Lay it out.

        Without a ``metastore`` the catalog is in the thrift server's memory and ends with it; that is half of its work.
        """
        self.work = work.resolve()
        self.has_metastore = metastore
        self.worker_count = workers
        self.executor_memory = executor_memory
        self.driver_memory = driver_memory
        self.cores = cores
        self.settings = settings or {}
        self.port = _free_port()
        self._master_port = _free_port()
        self.processes: dict[str, subprocess.Popen] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What profiles.yml reads to find this cluster."""
        return {"DABING_SPARK_HOST": LOOPBACK, "DABING_SPARK_PORT": str(self.port)}

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all processes and return once the thrift server takes connections and every worker is there."""
        _assert_engine()
        _assert_java()
        if not self.has_metastore:
            # Tables that no catalog knows any more.
            shutil.rmtree(self.work / "warehouse", ignore_errors=True)
        # For its owner only: its tables are those that the marts are made from, with names in them.
        self.work.mkdir(parents=True, exist_ok=True)
        self.work.chmod(0o700)
        for folder in ("logs", "spill", "warehouse", "conf"):
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        # Without a file of ours Spark logs a line for every step of every query.
        (self.work / "conf" / "log4j2.properties").write_text(LOGGING)
        self._spawn(
            "master",
            "spark-class", "org.apache.spark.deploy.master.Master",
            "--host", LOOPBACK, "--port", str(self._master_port), "--webui-port", "0",
        )  # fmt: skip
        _wait_for_port(self._master_port, self.processes["master"], self.work / "logs" / "master.log")
        for number in range(1, self.worker_count + 1):
            self.start_worker(number)
        self.start_thrift_server()

    def start_worker(self, number: int) -> None:
        """One worker with one core's worth of executors."""
        self._spawn(
            f"worker-{number}",
            "spark-class", "org.apache.spark.deploy.worker.Worker",
            "--host", LOOPBACK, "--webui-port", "0", "--cores", str(self.cores), "--memory", self.executor_memory,
            "--work-dir", str(self.work / "spill" / f"worker-{number}"), f"spark://{LOOPBACK}:{self._master_port}",
        )  # fmt: skip

    def start_thrift_server(self) -> None:
        """The driver: holds the metastore, plans the queries, takes them from dbt over the thrift protocol."""
        settings = {
            "spark.master": f"spark://{LOOPBACK}:{self._master_port}",
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.executor.memory": self.executor_memory,
            "spark.executor.cores": str(self.cores),
            "spark.local.dir": str(self.work / "spill"),
            "spark.ui.enabled": "false",
            "spark.scheduler.mode": "FAIR",
            "spark.sql.warehouse.dir": str(self.work / "warehouse"),
            # 200, the default, are too many tasks for two cores; adaptive execution joins those that turn out small.
            "spark.sql.shuffle.partitions": "16",
            "spark.default.parallelism": "4",
            "spark.sql.ui.retainedExecutions": "10",
            "spark.sql.catalogImplementation": "hive" if self.has_metastore else "in-memory",
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                f"jdbc:derby:;databaseName={self.work / 'metastore'};create=true"
            ),
            "spark.hadoop.hive.server2.thrift.bind.host": LOOPBACK,
            "spark.hadoop.hive.server2.thrift.port": str(self.port),
            **self.settings,
        }
        self._spawn(
            "thrift-server",
            "spark-submit", "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2",
            *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
            "spark-internal",
            memory=self.driver_memory,
            java="",
        )  # fmt: skip
        _wait_for_port(self.port, self.processes["thrift-server"], self.work / "logs" / "thrift-server.log")

    def kill(self, name: str) -> None:
        """End one process at once, as a machine that fails would (tests); its executors go with it."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End what was started here, the driver first, and wait for it."""
        for name in ("thrift-server", *(name for name in self.processes if name.startswith("worker")), "master"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            for ending in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, ending)
                    process.wait(timeout=20)
                    break
                except ProcessLookupError:
                    process.wait()
                    break
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self.work / "spill", ignore_errors=True)

    def _spawn(self, name: str, script: str, *arguments: str, memory: str = "384m", java: str = DAEMON_JAVA) -> None:
        with (self.work / "logs" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                ["bash", str(ENGINE / "bin" / script), *arguments],
                cwd=self.work,
                env={
                    **{key: value for key, value in os.environ.items() if not key.startswith(("DBT_", "SPARK_"))},
                    "SPARK_HOME": str(ENGINE),
                    "SPARK_CONF_DIR": str(self.work / "conf"),
                    "SPARK_DAEMON_MEMORY": memory,
                    "SPARK_DAEMON_JAVA_OPTS": java,
                    "SPARK_LOCAL_IP": LOOPBACK,
                    "SPARK_LOCAL_DIRS": str(self.work / "spill"),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )


# For a population that a laptop builds in a minute, nearly all of the time is the driver's: planning and compiling.
SMALL_JAVA = f"{DAEMON_JAVA} -XX:ReservedCodeCacheSize=240m"
SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # One job a query: with adaptive execution each stage is a job, planned anew.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.locality.wait": "0s",
    # Plans are long, and each is written out as text for a page that nobody looks at.
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "1000",
    "spark.driver.extraJavaOptions": f"{SMALL_JAVA} -Dderby.system.durability=test",
    "spark.executor.extraJavaOptions": SMALL_JAVA,
}
LOGGING = """
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
"""


def _end_with_parent() -> None:
    """In the new process: the kernel ends it when the command that started it is gone, be it killed with -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _assert_engine() -> None:
    if not ENGINE.is_dir():
        raise DabingError(f"{ENGINE}: there is no Spark. `make run-spark` installs it, once.")


def _assert_java() -> None:
    try:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    except FileNotFoundError:
        said = ""
    found = re.search(r'version "(\d+)', said)
    if not found or int(found.group(1)) < JAVA_NEEDED:
        raise DabingError(
            f"Spark needs Java {JAVA_NEEDED} or later, and `java` is"
            f" {'version ' + found.group(1) if found else 'not there'}. On Debian:"
            " apt-get install openjdk-17-jre-headless."
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def _wait_for_port(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.2)
    last = "\n".join(log.read_text(errors="replace").splitlines()[-5:]) if log.exists() else ""
    raise DabingError(f"The Spark cluster did not start; its log {log} ends: {last}")
