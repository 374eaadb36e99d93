"""HepMC event files, of versions 2 and 3 as text, read by pyhepmc."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from hepml.data.files._events import EventSource, Found

__all__ = ["HepmcSource"]

ATTRIBUTES = {  # where the first event has them: name in HepMC, type, and what stands for none
    "process": ("signal_process_id", int, None),
    "scale": ("event_scale", float, float("nan")),
    "alpha_qed": ("alphaQED", float, float("nan")),
    "alpha_qcd": ("alphaQCD", float, float("nan")),
}


class HepmcSource(EventSource):
    """A HepMC file as table: the columns of `EventSource`, and the number of the event.

    Parameters
    ----------
    path : pathlib.Path
    tree, names : None
    """

    kind = "HepMC"
    mark = b"\nE "

    def _events(self, file):
        from pyhepmc import io

        is_old = b"HepMC::IO_GenEvent" in file.peeked(256)
        read = io.ReaderAsciiHepMC2 if is_old else io.ReaderAscii
        stream = io.pyiostream(file)  # which the reader does not keep alive
        with read(stream) as events:
            yield from map(self._event, events)

    def _event(self, event):
        import pyhepmc

        event.set_units(pyhepmc.Units.GEV, pyhepmc.Units.MM)
        notes = event.attributes
        single = {"event_number": event.event_number}
        for name, (called, kind, missing) in ATTRIBUTES.items():
            if (self.schema is None and called in notes) or self.has(name):
                single[name] = kind(float(str(notes[called]))) if called in notes else missing
        return Found(single, _weights(event), _particles(event))

    def _is_whole(self, end):
        return b"END_EVENT_LISTING" in end


def _weights(event):
    values = list(event.weights) or [1.0]
    names = list(event.weight_names) if event.weight_names else []
    return list(zip([*names, *map(str, range(len(names), len(values)))], values, strict=False))


def _particles(event):
    """Columns of the particles; mothers are those that end where a particle begins."""
    import numpy as np

    found = event.numpy.particles
    first, last = np.zeros(len(found.id), int), np.zeros(len(found.id), int)
    for vertex in event.vertices:
        mothers = [particle.id for particle in vertex.particles_in]
        if mothers:
            born = np.array([particle.id for particle in vertex.particles_out], int) - 1
            first[born], last[born] = min(mothers), max(mothers)
    columns = {name: np.array(getattr(found, name)) for name in ("status", "px", "py", "pz", "e")}
    return columns | {
        "id": np.array(found.pid),
        "mass": np.array(found.generated_mass),
        "mother1": first,
        "mother2": np.where(last == first, 0, last),
    }
