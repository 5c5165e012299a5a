"""Which processors and services a NiFi has, and in which version."""

from starwatch.errors import MissingBundle, NifiFailed
from starwatch.nifi.parts import Flow, Processor, Service
from starwatch.nifi.rest import Nifi


def versions_for(nifi: Nifi, flow: Flow) -> dict[str, str]:
    """The version of each bundle that a NiFi has, by artifact.

    Raises:
        MissingBundle: it lacks one that the flow needs.
        NifiFailed: it does not answer, or is another NiFi than a 1.x.
    """
    version = str(nifi.ask("GET", "/flow/about")["about"]["version"])
    if not version.startswith("1."):
        raise NifiFailed(
            f"{nifi.url} is NiFi {version}, whose processors have other settings than those of 1.x",
            hint="Use one of 1.x, such as 1.18.0",
        )
    processors = nifi.ask("GET", "/flow/processor-types")["processorTypes"]
    services = nifi.ask("GET", "/flow/controller-service-types")["controllerServiceTypes"]
    apis = [api for known in services for api in known.get("controllerServiceApis") or ()]
    types = {known["type"] for known in [*processors, *services]}
    parts: list[Processor | Service] = [*flow.processors, *flow.services]
    missing = [part for part in parts if part.type not in types]
    if missing:
        raise _missing(nifi, version, flow, missing)
    bundles = [known["bundle"] for known in [*processors, *services, *apis]]
    return {bundle["artifact"]: bundle["version"] for bundle in bundles}


def _missing(
    nifi: Nifi, version: str, flow: Flow, parts: list[Processor | Service]
) -> MissingBundle:
    names = [f"{part.bundle} (for {part.type.rpartition('.')[2]})" for part in parts]
    files = sorted({f"{part.bundle}-{version}.nar" for part in parts})
    hint = f"Put {' and '.join(files)} into its folder lib and start it again"
    if flow.processors[0] in parts or flow.processors[-1] in parts:
        hint += ", or take HTTP, which every NiFi has: --edges http"
    what = "bundle" if len(names) == 1 else "bundles"
    return MissingBundle(
        f"{nifi.url}, NiFi {version}, has not the {what} {' and '.join(names)}", hint=hint
    )
