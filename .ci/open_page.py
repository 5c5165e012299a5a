"""Starts the installed demo, opens its page, and sees to it that files and numbers are there."""

import json
import re
import signal
import subprocess
import sys
import time
from urllib.request import urlopen

PATIENCE_SECONDS = 60


def main() -> None:
    """Open the page of `starwatch demo`, as the command on PATH has it."""
    command = ["starwatch", "demo", "--port", "0", "--past", "5m", "--products", "20"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as demo:  # noqa: S603 - what is checked
        try:
            line = demo.stdout.readline()
            base = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
            rows = numbers(base)
            page = fetched(base, "/", "text/html")
            missing = [name for name in rows["name"][:10] if name not in page]
            assert not missing, f"the first HTML lacks {missing}"
            files = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page)))
            for file in files:
                assert fetched(base, file), file
            (module,) = (file for file in files if file.endswith("/app.js"))
            modules = re.findall(r'from "\./([a-z]+\.js)"', fetched(base, module, "javascript"))
            for name in modules:
                fetched(base, module.replace("app.js", name), "javascript")
            product = fetched(base, f"/product?id={rows['id'][0]}", "text/html")
            assert rows["name"][0] in product
        finally:
            demo.send_signal(signal.SIGINT)
            _, told = demo.communicate(timeout=PATIENCE_SECONDS)
        assert demo.returncode == 0, told
        assert "both books balance" in told, told
    print(f"the page has {len(rows['id'])} products, {len(files)} files, {len(modules)} modules")


def numbers(base: str) -> dict[str, list]:
    """The products that the API names, as soon as some were rated."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        rows = json.loads(fetched(base, "/api/v1/products?limit=10", "application/json"))["rows"]
        if any(rows["count"]):
            return rows
        time.sleep(0.05)
    sys.exit("the API has no numbers")


def fetched(base: str, path: str, kind: str = "") -> str:
    """What stands at a path; of the kind that is expected."""
    with urlopen(base + path, timeout=20) as answer:  # noqa: S310 - our own server
        assert kind in answer.headers["Content-Type"], answer.headers["Content-Type"]
        return answer.read().decode()


if __name__ == "__main__":
    main()
