"""Columns in memory to closed windows, against DuckDB's query on the same Arrow table."""

from benchmarks.data import Duck, checksum, columns
from benchmarks.measuring import Given, Result, main, medians
from benchmarks.windows import ingested


def measure(given: Given) -> list[Result]:
    table = columns(given.data)
    duck = Duck(given.data, "ratings", table)
    duck.run(committed=False, ordered=False)
    if checksum(ingested(table).stars()) != duck.checksum():
        raise SystemExit("the windows differ from DuckDB's")
    took = medians({"ours": lambda: ingested(table)} | duck.sides(), given.repeats)
    rate = {name: f"{len(table) / time / 1e6:.2f} M/s" for name, time in took.items()}
    return [
        Result(
            f"2 columns → closed windows against DuckDB on the same Arrow table, {side}",
            took[side] / took["ours"],
            must=2,
            aim=4,
            detail=f"{rate['ours']} against {rate[side]}",
        )
        for side in duck.sides()
    ]


if __name__ == "__main__":
    main(measure)
