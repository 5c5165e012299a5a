"""A tab's memory: what a page makes of the events that it gets."""

import copy


class Tab:
    """Applies events as `static/stream.js` and its views do."""

    def __init__(self):
        self.status, self.view, self.overview = {}, None, None
        self.events = []

    def take(self, event):
        kind, data = copy.deepcopy(event)
        self.events.append(kind)
        self.status |= data["status"]
        if kind == "full":
            self.view, self.overview = data["view"], data.get("overview")
            return
        if "view" in data:
            self.view |= data["view"]
        self.overview = data.get("overview", self.overview)
        for name in ("total", "end_ms", "open_end_ms", "watermark_ms", "window"):
            if name in data:
                self.view[name] = data[name]
        self._rows(data.get("rows"))
        for product, points in data.get("points", {}).items():
            self._merge(self.series(product)["points"], points)
        for name in ("provisional", "all"):
            for product, value in data.get(name, {}).items():
                self.series(product)[name] = value
        if "product" in data:
            self.view["product"] = data["product"]

    def series(self, product):
        (found,) = (each for each in self.view["series"] if each["id"] == product)
        return found

    def _rows(self, rows):
        if not rows:
            return
        at = rows.pop("at")
        for name, column in rows.items():
            inner = column.items() if isinstance(column, dict) else [(None, column)]
            for key, values in inner:
                target = self.view["rows"][name] if key is None else self.view["rows"][name][key]
                for position, value in zip(at, values, strict=True):
                    target[position] = value

    @staticmethod
    def _merge(points, fresh):
        columns = {name: values for name, values in points.items() if name != "stars"}
        columns |= {f"stars{step}": values for step, values in enumerate(points["stars"])}
        new = {name: values for name, values in fresh.items() if name != "stars"}
        new |= {f"stars{step}": values for step, values in enumerate(fresh["stars"])}
        rows = dict(zip(columns["end_ms"], zip(*columns.values(), strict=True), strict=True))
        rows |= dict(zip(new["end_ms"], zip(*new.values(), strict=True), strict=True))
        merged = [rows[end] for end in sorted(rows)]
        for name, values in zip(columns, zip(*merged, strict=True), strict=True):
            columns[name][:] = values
