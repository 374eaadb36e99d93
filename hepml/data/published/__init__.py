"""Published sets: what can be fetched, where it comes from, and how it is loaded.

Files lie in a cache, ``$HEPML_DATA`` or the system's place for caches. ``$HEPML_MIRROR`` names a
folder or server to fetch from, for a class without internet: the checksums hold there as well.
"""

from hepml.data.published.cache import cache_folder, is_writable, status, verify
from hepml.data.published.card import PublishedCard, card
from hepml.data.published.download import Patience
from hepml.data.published.fetching import fetch
from hepml.data.published.loading import load, prepare
from hepml.data.published.registry import File, Published, entry, names, sister_of

__all__ = ["File", "Patience", "Published", "PublishedCard", "cache_folder", "card", "entry"]
__all__ += ["fetch", "is_writable", "load", "names", "prepare", "sister_of", "status", "verify"]
