"""What a server's processes use: CPU time, memory; and what the host takes from this machine."""
import os


def family(root):
    """root and all its descendants"""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(name))
    todo, seen = [root], set()
    while todo:
        pid = todo.pop()
        if pid not in seen:
            seen.add(pid)
            todo += children.get(pid, [])
    return seen


def cpu(pids):
    """{pid: run time of all its threads in ns}"""
    out = {}
    for pid in pids:
        try:
            total = 0
            for number in os.listdir("/proc/%d/task" % pid):
                total += thread(pid, int(number))
            out[pid] = total
        except OSError:
            continue
    return out


def thread(pid, number):
    """run time of one thread in ns"""
    with open("/proc/%d/task/%d/schedstat" % (pid, number)) as f:
        return int(f.read().split()[0])


def spent(before, after):
    """ns between two results of cpu(); a process born meanwhile counts whole"""
    return sum(ns - before.get(pid, 0) for pid, ns in after.items())


def pss(pids):
    """kB of memory, shared pages counted once"""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid) as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            continue
    return total


def named(pids, name):
    """the first of them that is called so; None"""
    for pid in sorted(pids):
        with open("/proc/%d/comm" % pid) as f:
            if f.read().strip() == name:
                return pid
    return None


def resident(pid):
    """kB of memory of one process (VmRSS)"""
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:"))


def machine():
    """(stolen, all) ticks of all processors"""
    with open("/proc/stat") as f:
        ticks = [int(x) for x in f.readline().split()[1:9]]
    return ticks[7], sum(ticks)


def steal(before, after):
    """percent of the machine that its host took between two results of machine()"""
    stolen, total = (b - a for a, b in zip(before, after))
    return 100.0 * stolen / max(1, total)
