"""CSV to closed windows, against DuckDB's batch query on the same file."""

from benchmarks.data import Duck, checksum, csv_source, made
from benchmarks.measuring import Given, Result, main, medians
from benchmarks.windows import replayed
from starwatch.replay.pace import Order


def measure(given: Given) -> list[Result]:
    path = made(given.data, "ratings.csv")
    duck = Duck(given.data, csv_source(path))
    duck.run(committed=False, ordered=False)
    for order in Order:
        kept = replayed(path, order)
        if checksum(kept.stars()) != duck.checksum():
            raise SystemExit("the windows differ from DuckDB's")
    ours = {order: lambda order=order: replayed(path, order) for order in Order}
    took = medians(ours | duck.sides(), given.repeats)
    rate = {name: f"{kept.ratings / time / 1e6:.2f} M/s" for name, time in took.items()}
    return [
        Result(
            f"1 CSV → closed windows (`--order {order}`) against DuckDB, {side}",
            took[side] / took[order],
            must=1.5,
            aim=3,
            detail=f"{rate[order]} against {rate[side]}",
        )
        for order in (Order.FILE, Order.TIME)
        for side in duck.sides()
    ]


if __name__ == "__main__":
    main(measure)
