"""The table of results, in Markdown."""
import os
import subprocess
from statistics import median

HEAD = ("client", "window", "rows/s", "min .. max", "CPU us/row", "peak MiB", "of floor", "scylla_fdw is faster", "takes less CPU")


def number(x):
    if x >= 1e6:
        return "%.2f M" % (x / 1e6)
    return "%.0f K" % (x / 1e3) if x >= 1e5 else "%.1f K" % (x / 1e3)


def rate(series):
    return median(run.rate for run in series.runs)


def best_windows(group):
    best = {}
    for series in group:
        name = series.client.name
        if name not in best or rate(series) > rate(best[name]):
            best[name] = series
    return best


def ratio(a, b, what="rate"):
    """Median over the rounds: what slows a whole round down does not count."""
    return median(getattr(x, what) / getattr(y, what) for x, y in zip(a.runs, b.runs))


def line(series, best):
    rates = [run.rate for run in series.runs]
    ours, floor = best.get("scylla_fdw"), best.get("floor")
    cells = [series.client.name, str(series.window), "**%s**" % number(rate(series)),
             "%s .. %s" % (number(min(rates)), number(max(rates))),
             "%.2f" % median(run.cpu for run in series.runs), "%.1f" % max(run.memory for run in series.runs),
             "%.0f %%" % (100 * ratio(series, floor)) if floor else ""]
    if ours and ours is not series:
        cells += ["%.1f x" % ratio(ours, series), "%.1f x" % ratio(series, ours, "cpu")]
    return cells + [""] * (len(HEAD) - len(cells))


def first_line(command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def print_machine(settings, load):
    """load: average number of runnable processes before the bench began its own."""
    with open("/proc/cpuinfo") as cpuinfo:
        model = next((l.split(":")[1].strip() for l in cpuinfo if l.startswith("model name")), "unknown processor")
    print("%s, %d cores (servers on %s, clients on %s), load of others before %.1f; %s; CQL v%s on the null node"
          % (model, os.cpu_count(), settings.server_cpu, settings.client_cpu, load,
             first_line(["postgres", "--version"]), settings.protocol))


def print_row(cells):
    print("| " + " | ".join(cells) + " |")


def print_head(cells):
    print_row(cells)
    print("|" + "---|" * len(cells))


def print_scenario(scenario, place, results):
    """results: {case: its runs}"""
    base = results[scenario.base(results)]
    print("\n%s; %s; median of %d\n" % (scenario.title, place.title, len(base)))
    print_head([heading for heading, _ in scenario.figures])
    for case, runs in results.items():
        print_row([case] + [figure(runs, base) for _, figure in scenario.figures[1:]])


def print_table(all_series):
    groups = {}
    for series in all_series:
        groups.setdefault((series.workload.title, series.target.name, series.latency), []).append(series)
    for (title, target, latency), group in groups.items():
        best = best_windows(group)
        print("\n%s; %s%s; median of %d\n" % (title, "null node" if target == "null" else "Cassandra",
                                             "" if latency is None else ", %g ms" % latency, len(group[0].runs)))
        print_head(HEAD)
        for series in best.values():
            print_row(line(series, best))
