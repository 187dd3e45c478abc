"""All the migrations, and the pending one."""

from benchmarks.workload import migrations

__path__ += migrations.__path__
