"""Les Houches event files, read by pylhe."""

# ruff: noqa: PLC0415 - importing hepml.data must stay cheap

from hepml.data.files._events import PARTICLES, EventSource, Found
from hepml.data.files.base import NUMBERS_ROWS

__all__ = ["LheSource"]

CALLED = {"mass": "m"}  # in pylhe
COLOURS = ("color1", "color2")
MORE = (*COLOURS, "lifetime", "spin")


class LheSource(EventSource):
    """An LHE file as table: the columns of `EventSource`, and the lines of colour.

    Parameters
    ----------
    path : pathlib.Path
    tree, names : None
    """

    kind = "LHE"
    more, whole = MORE, COLOURS

    def __init__(self, path, tree=None, names=None):
        self.declared = []
        super().__init__(path, tree, names)
        self.left_out = {"event_number": NUMBERS_ROWS}  # the format has none

    def _weight_names(self, first):
        return list(dict.fromkeys([*self.declared, *super()._weight_names(first)]))

    def _events(self, file):
        import pylhe

        found = pylhe.LHEFile.frombuffer(file)
        rwgt = getattr(found.header, "initrwgt", None)
        self.declared = rwgt.list_weights_ids() if rwgt else []
        return map(self._event, found.events)

    def _event(self, event):
        info, particles = event.eventinfo, event.particles
        if info.nparticles != len(particles):
            message = f"an event of {info.nparticles} particles has {len(particles)}"
            raise ValueError(message)
        single = {"process": info.pid, "scale": info.scale}
        single |= {"alpha_qed": info.aqed, "alpha_qcd": info.aqcd}
        names = {name: CALLED.get(name, name) for name in (*PARTICLES, *MORE)}
        lists = {name: [getattr(p, called) for p in particles] for name, called in names.items()}
        return Found(single, [("", info.weight), *event.weights.items()], lists)

    def _is_whole(self, end):
        return b"</LesHouchesEvents>" in end
