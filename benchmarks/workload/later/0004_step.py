from benchmarks.workload.history import step

Migration = step(4)
