"""The shared state of a page server: the service, the overview and the searches."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from indexer.errors import IndexerError
from indexer.notebook import Notebook
from indexer.service import Model, Request, Service, settle_memory
from indexer.snapshot import Snapshot
from indexer.web.history import History
from indexer.web.overview import Overview, gather_points, make_overview, refine_overview

__all__ = ["Host", "Model"]

# Work that the first page does not need starts this much later.
_FIRST_PAGE_S = 1.0
_LOOK_S = 0.05


_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def _in_a_request(
    method: Callable[Concatenate[Request, _Arguments], _Result],
) -> Callable[Concatenate[Host, _Arguments], _Result]:
    """Return a method of the host that calls a method of its running request, or of a new one."""

    @functools.wraps(method)
    def call(self: Host, /, *args: _Arguments.args, **options: _Arguments.kwargs) -> _Result:
        with self.request() as request:
            return method(request, *args, **options)

    return call


class Host(Service):
    """A service with additional data for the page.

    Each run of the page is one request. The methods below read from it, or from a new request if
    none is running.
    """

    def __init__(self, notebook: Notebook) -> None:
        """Store the notebook; read nothing yet.

        :param notebook: the notebook to show.
        """
        super().__init__(notebook)
        self.history = History(notebook.settings)
        self._drawing_lock = threading.Lock()  # guards the next two
        self._overview: Overview | None = None
        self._drawing = False
        self._wanted = threading.Event()

    @property
    def model(self) -> Model:
        """The state of the model."""
        return self.state.model

    @property
    def reader(self) -> Snapshot:
        """The snapshot of the running request."""
        with self.request() as request:
            return request.snapshot

    # The methods of a request, each in the running one or in a new one.
    ask = _in_a_request(Request.ask)
    read_note = _in_a_request(Request.read_note)
    similar = _in_a_request(Request.similar)
    labels = _in_a_request(Request.labels)

    def generation(self) -> int:
        """Return the generation of the index.

        :raises IndexNotFound: if nothing was built yet, though a first build may be running.
        """
        with self.request() as request:
            return request.generation

    def overview(self, *, wanted: bool = False) -> Overview | None:
        """Return the overview of this generation, None until it is created in the background.

        :param wanted: True for a view that shows nothing without it: then it is created at once,
            and does not wait for the model and the first page.
        :raises IndexerError: if there is no index, or it cannot be read.
        """
        generation = self.generation()
        if wanted:
            self._wanted.set()
        with self._drawing_lock:
            if self._overview is not None and self._overview.generation == generation:
                return self._overview
            if self._drawing:
                return None
            self._drawing = True
        threading.Thread(target=self._draw, daemon=True).start()
        return None

    def _draw(self) -> None:
        self._let_others_first()
        try:
            with self.request() as request:
                gathered = gather_points(request.snapshot)
            self._show(made := make_overview(gathered))
            self._show(refine_overview(made, gathered.vectors, self.settings.cache))
        except IndexerError:
            pass  # the page shows the same error
        finally:
            with self._drawing_lock:
                self._drawing = False
        settle_memory()

    def _show(self, overview: Overview) -> None:
        with self._drawing_lock:
            self._overview = overview

    def _let_others_first(self) -> None:
        """Wait until the model is open and the first page drawn, or a view wants the overview."""
        end = 0.0
        while not self._wanted.wait(_LOOK_S) and not self._stop.is_set():
            if self._loader.is_alive():
                end = time.monotonic() + _FIRST_PAGE_S
            if time.monotonic() >= end:
                return
