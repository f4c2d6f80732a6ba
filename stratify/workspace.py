"""Where everything of one run lies: one folder, named once, handed to every step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """The folders and files below the work folder; see docs/workspace.md for who writes what."""

    root: Path

    @property
    def registers(self) -> Path:
        """The extract: register tables as delivered."""
        return self.root / "registers"

    @property
    def truth(self) -> Path:
        """What only the simulator knows; no step that builds or trains opens it."""
        return self.root / "truth"

    @property
    def store(self) -> Path:
        """Events by domain and bucket, sorted by person and day."""
        return self.root / "store"

    @property
    def deliveries(self) -> Path:
        """Stores of earlier deliveries, each in a work folder of its own."""
        return self.root / "deliveries"

    def delivery(self, day: date) -> Workspace:
        """The work folder of the delivery of a day."""
        return Workspace(self.deliveries / day.isoformat())

    @property
    def features(self) -> Path:
        """Landmark matrices by cohort."""
        return self.root / "features"

    @property
    def leaks(self) -> Path:
        """Copies of the store that do not know the future, while the leak audit runs."""
        return self.root / "leaks"

    @property
    def training(self) -> Path:
        """Trained members and their figures, before one is promoted."""
        return self.root / "training"

    @property
    def bundles(self) -> Path:
        """Signed sets of models, and the pointer to the one that is served."""
        return self.root / "bundles"

    @property
    def champion(self) -> Path:
        """The pointer: a text file with the version that `score` uses next; the service goes by `serving.db`."""
        return self.bundles / "champion"

    @property
    def baseline(self) -> Path:
        """The pointer: a text file with the version that expected need is made from, whoever is champion by now."""
        return self.bundles / "baseline"

    @property
    def scores(self) -> Path:
        """The scored population."""
        return self.root / "scores"

    @property
    def quality(self) -> Path:
        """Quality targets, measured."""
        return self.root / "quality"

    @property
    def watch(self) -> Path:
        """The served models followed month by month."""
        return self.root / "watch"

    @property
    def coverage(self) -> Path:
        """Whether equal need is met equally by the offers, as it was last audited."""
        return self.root / "coverage"

    @property
    def whatif(self) -> Path:
        """Policies of offers followed on the simulated region, as last asked."""
        return self.root / "whatif"

    @property
    def need(self) -> Path:
        """Need against activity, in counts."""
        return self.root / "need"

    @property
    def report(self) -> Path:
        """Pages to read: the calibration report of a simulated region."""
        return self.root / "report"

    @property
    def keys(self) -> Path:
        """Secrets: pseudonym key, signing keys, the demo's token keys."""
        return self.root / "keys"

    @property
    def mlflow_db(self) -> Path:
        """MLflow's runs and registry."""
        return self.root / "mlflow.db"

    @property
    def mlartifacts(self) -> Path:
        """MLflow's artifacts."""
        return self.root / "mlartifacts"

    @property
    def serving_before(self) -> Path:
        """What the service answered from before this: `stratify score --rollback` puts it back."""
        return self.root / "serving.before.db"

    @property
    def serving_db(self) -> Path:
        """What the service answers from; read-only for it."""
        return self.root / "serving.db"

    @property
    def service_db(self) -> Path:
        """What the service writes: its audit log."""
        return self.root / "service.db"
