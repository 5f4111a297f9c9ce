"""CPU and memory of another process, from outside, so that all clients are measured alike."""
import threading
import time


def cpu_seconds(pid):
    """All threads, those that ended too; clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2)


def anonymous_kb(pid):
    with open("/proc/%d/status" % pid) as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    raise RuntimeError("no RssAnon of process %d" % pid)


class Peak(threading.Thread):
    """Highest RssAnon while the `with` lasts, looked at 100 times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.kb = pid, 0
        self.ended = threading.Event()

    def look(self):
        self.kb = max(self.kb, anonymous_kb(self.pid))

    def run(self):
        while not self.ended.wait(0.01):
            self.look()

    def __enter__(self):
        self.look()
        self.start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        self.join()
        if error[0] is None:
            self.look()
